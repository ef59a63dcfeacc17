'use strict';

SwaggerUIBundle({
  url: document.body.dataset.openapi,
  dom_id: '#swagger-ui',
  deepLinking: true,
  defaultModelsExpandDepth: -1,
  displayRequestDuration: true,
  requestInterceptor(request) {
    const proof = document.cookie.match(/(?:^|; )__Host-csrf=([^;]*)/);
    if (proof) request.headers['X-CSRF-Token'] = proof[1]; // of a log-in with cookies
    return request;
  },
  validatorUrl: null, // else it sends the document's address to a host of others
});
