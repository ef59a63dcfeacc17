'use strict';

SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  defaultModelsExpandDepth: -1,
  validatorUrl: null, // else it sends the document's address to a host of others
});
