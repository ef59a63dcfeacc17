// Package api is the routes and what they answer.
package api

import (
	"encoding/json"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/jotgate/jotgate/examples/roles/services"
	"github.com/jotgate/jotgate/profile/pyjwtguard"
)

// New returns the app. Its errors are of the settings.
func New(s pyjwtguard.Settings) (http.Handler, error) {
	guard, err := services.NewAuthGuard(s)
	if err != nil {
		return nil, err
	}
	tokens, err := services.NewJWTHandler(s)
	if err != nil {
		return nil, err
	}
	provider, err := services.NewAuthProvider()
	if err != nil {
		return nil, err
	}
	router := newRouter()
	api := router.Group("/api")
	api.POST("/auth", auth(provider, tokens))
	api.GET("/protected_route", guard(), page("You have accessed a protected route."))
	api.GET("/protected_route_user", guard("user"), page("You have accessed a user protected route."))
	api.GET("/protected_route_admin", guard("admin"), page("You have accessed a admin protected route."))
	api.GET("/protected_route_super_admin", guard("super_admin"), page("You are a SUPER ADMIN!"))
	return router, nil
}

// newRouter has the app's own words for what no route answers.
func newRouter() *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.RedirectTrailingSlash = false
	router.HandleMethodNotAllowed = true
	router.Use(gin.CustomRecovery(func(c *gin.Context, _ any) { say(c, http.StatusInternalServerError, "Internal server error") }))
	router.NoRoute(func(c *gin.Context) { say(c, http.StatusNotFound, "Not found") })
	router.NoMethod(func(c *gin.Context) { say(c, http.StatusMethodNotAllowed, "Method not allowed") })
	return router
}

func page(message string) gin.HandlerFunc {
	return func(c *gin.Context) { say(c, http.StatusOK, message) }
}

// answer is every body that this app sends: a token, or a message.
type answer struct {
	Data    string `json:"data,omitempty"`
	Message string `json:"message,omitempty"`
	Status  int    `json:"status"`
}

func say(c *gin.Context, status int, message string) {
	reply(c, answer{Message: message, Status: status})
}

// reply sends the bytes that the guard sends too: gin's own JSON has another Content-Type.
func reply(c *gin.Context, a answer) {
	body, _ := json.Marshal(a) // two texts and a number always marshal
	c.Data(a.Status, "application/json", body)
}
