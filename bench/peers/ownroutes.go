package main

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/gofiber/fiber/v3"
	"github.com/labstack/echo/v5"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/adapters/jotecho"
	"github.com/jotgate/jotgate/adapters/jotfiber"
	"github.com/jotgate/jotgate/adapters/jotgin"
	"github.com/jotgate/jotgate/adapters/jothuma"
	"github.com/jotgate/jotgate/jwt"
)

// ownRoutes has each adapter without memory, with it, and with it for ES256.
func ownRoutes() []route {
	var all []route
	for _, a := range []struct {
		name, on string
		site     func(*jotgate.Guard) site
	}{
		{"ours", "net/http", ownOnMux}, {"ours", "chi", ownOnChi}, {"jotgin", "Gin", ownOnGin}, {"jotecho", "Echo v5", ownOnEcho},
		{"jotfiber", "Fiber v3", ownOnFiber}, {"jothuma", "Huma, net/http", ownOnHuma},
	} {
		for _, v := range []struct {
			name, alg string
			bytes     int
			least     float64
		}{{"", jwt.HS256, -1, 0.83}, {", cached", jwt.HS256, 0, 0.90}, {", cached", jwt.ES256, 0, 0.88}} {
			all = append(all, route{name: a.name + v.name, on: a.on, alg: v.alg, least: v.least, site: func(k key) (site, error) {
				g, err := newGuard(k, func(c *jotgate.Config) { c.CacheBytes = v.bytes })
				if err != nil {
					return site{}, err
				}
				return a.site(g), nil
			}})
		}
	}
	return all
}

func ownOnMux(g *jotgate.Guard) site { return onMux(g.Require(needed)) }

func ownOnChi(g *jotgate.Guard) site {
	r := chi.NewRouter()
	r.Get(barePath, sayHello)
	r.With(g.Require(needed)).Get(guardedPath, sayHello)
	return standard(r)
}

func ownOnGin(g *jotgate.Guard) site { return onGin(jotgin.Require(g, needed)) }

func onGin(guard gin.HandlerFunc) site {
	gin.SetMode(gin.ReleaseMode)
	say := func(c *gin.Context) { c.String(http.StatusOK, hello) }
	r := gin.New()
	r.GET(barePath, say)
	r.GET(guardedPath, guard, say)
	return standard(r)
}

func ownOnEcho(g *jotgate.Guard) site {
	say := func(c *echo.Context) error { return c.String(http.StatusOK, hello) }
	e := echo.New()
	e.GET(barePath, say)
	e.GET(guardedPath, say, jotecho.Require(g, needed))
	return standard(e)
}

func ownOnFiber(g *jotgate.Guard) site {
	say := func(c fiber.Ctx) error { return c.SendString(hello) }
	app := fiber.New()
	app.Get(barePath, say)
	app.Get(guardedPath, jotfiber.Require(g, needed), say)
	app.Handler() // the routes are complete
	return site{app.Server().Serve, app.Shutdown}
}

// ownOnHuma has two APIs on one multiplexer, of which one knows no guard.
func ownOnHuma(g *jotgate.Guard) site {
	mux := http.NewServeMux()
	bare, guarded := newHuma(mux), newHuma(mux)
	jothuma.Use(guarded, g, "bearer")
	huma.Get(bare, barePath, humaHello)
	huma.Get(guarded, guardedPath, humaHello, jothuma.Require(needed))
	return standard(mux)
}

func newHuma(mux *http.ServeMux) huma.API {
	c := huma.DefaultConfig("bench", "1")
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	return humago.New(mux, c)
}

type humaText struct{ Body []byte }

func humaHello(context.Context, *struct{}) (*humaText, error) { return &humaText{[]byte(hello)}, nil }
