package main

import (
	"net"
	"net/http"
)

// route is a way to protect a route. Its site has the same handler twice: bare, and behind the middleware.
type route struct {
	name  string // what protects
	on    string // the router
	alg   string
	skips string  // of iss, aud, revocation, permission
	least float64 // requests a second beside the bare route; 0: no target
	site  func(k key) (site, error)
}

// site serves until it is closed.
type site struct {
	serve func(net.Listener) error
	close func() error
}

const (
	barePath    = "/bare"
	guardedPath = "/guarded"
	hello       = "hello, world\n"
)

func sayHello(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(hello)) }

// standard makes a site of a handler of net/http.
func standard(h http.Handler) site {
	s := &http.Server{Handler: h}
	return site{s.Serve, s.Close}
}

// onMux has the two routes on the multiplexer of net/http.
func onMux(guard func(http.Handler) http.Handler) site {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+barePath, sayHello)
	mux.Handle("GET "+guardedPath, guard(http.HandlerFunc(sayHello)))
	return standard(mux)
}

func routes() []route { return append(ownRoutes(), peerRoutes()...) }
