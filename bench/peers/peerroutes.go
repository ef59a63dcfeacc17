package main

import (
	"context"
	"net/http"
	"strings"

	ginjwt "github.com/appleboy/gin-jwt/v2"
	jwtmiddleware "github.com/auth0/go-jwt-middleware/v2"
	"github.com/auth0/go-jwt-middleware/v2/validator"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/jwtauth/v5"
	jwtware "github.com/gofiber/contrib/jwt"
	"github.com/gofiber/fiber/v2"
	"github.com/golang-jwt/jwt/v5"
	echojwt "github.com/labstack/echo-jwt/v4"
	"github.com/labstack/echo/v4"
)

// peerRoutes has each middleware as its documentation sets it up.
func peerRoutes() []route {
	const little, least = "revocation, permission", "iss, aud, revocation, permission"
	return []route{
		{versioned("github.com/golang-jwt/jwt/v5") + " by hand", "net/http", "HS256", "revocation", 0, byHand},
		{versioned("github.com/auth0/go-jwt-middleware/v2"), "net/http", "HS256", little, 0, auth0},
		{versioned("github.com/appleboy/gin-jwt/v2"), "Gin", "HS256", least, 0, ginJWT},
		{versioned("github.com/labstack/echo-jwt/v4"), "Echo v4", "HS256", least, 0, echoJWT},
		{versioned("github.com/gofiber/contrib/jwt"), "Fiber v2", "HS256", least, 0, fiberJWT},
		{versioned("github.com/go-chi/jwtauth/v5"), "chi", "HS256", least, 0, jwtAuth},
	}
}

type claimsKey struct{}

func byHand(k key) (site, error) {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{k.alg}), jwt.WithIssuer(issuer), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt())
	find := func(*jwt.Token) (any, error) { return k.public, nil }
	return onMux(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			raw, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			c := new(golangClaims)
			if _, err := parser.ParseWithClaims(raw, c, find); !ok || err != nil || fits(c.Kind, c.Permissions) != nil {
				http.Error(w, "unauthorized", http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), claimsKey{}, c)))
		})
	}), nil
}

func auth0(k key) (site, error) {
	find := func(context.Context) (any, error) { return k.public, nil }
	v, err := validator.New(find, validator.HS256, issuer, []string{audience})
	if err != nil {
		return site{}, err
	}
	return onMux(jwtmiddleware.New(v.ValidateToken).CheckJWT), nil
}

func ginJWT(k key) (site, error) {
	m, err := ginjwt.New(&ginjwt.GinJWTMiddleware{Realm: "bench", Key: k.public.([]byte)})
	if err != nil {
		return site{}, err
	}
	return onGin(m.MiddlewareFunc()), nil
}

func echoJWT(k key) (site, error) {
	say := func(c echo.Context) error { return c.String(http.StatusOK, hello) }
	e := echo.New()
	e.GET(barePath, say)
	e.GET(guardedPath, say, echojwt.JWT(k.public))
	return standard(e), nil
}

func fiberJWT(k key) (site, error) {
	say := func(c *fiber.Ctx) error { return c.SendString(hello) }
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Get(barePath, say)
	app.Get(guardedPath, jwtware.New(jwtware.Config{SigningKey: jwtware.SigningKey{JWTAlg: k.alg, Key: k.public}}), say)
	return site{app.Listener, app.Shutdown}, nil
}

func jwtAuth(k key) (site, error) {
	auth := jwtauth.New(k.alg, k.private, nil)
	r := chi.NewRouter()
	r.Get(barePath, sayHello)
	r.With(jwtauth.Verifier(auth), jwtauth.Authenticator(auth)).Get(guardedPath, sayHello)
	return standard(r), nil
}
