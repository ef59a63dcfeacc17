package server_test

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

func TestBrowserMakesTheFirstAdmin(t *testing.T) {
	n := start(t, profile(t))
	p := browse(t, n)
	p.open("/setup")
	p.shoot("setup-empty", desktop, phone)

	for _, c := range []struct{ code, username, password, where string }{
		{"WRONGCODEWRONGCODEWRONGCOD", "ann", pass, "#code-wrong"},
		{n.SetupCode(), "ann@example.com", pass, "#username-wrong"},
		{n.SetupCode(), "ann", "canary", "#password-wrong"},
	} {
		p.fill(c.code, c.username, c.password, c.password)
		p.click("#send")
		said := into[problem](t, n.call("POST", "/v1/setup", "", map[string]string{"code": c.code, "username": c.username, "password": c.password}))
		p.wantText(chromedp.CSS(c.where), said.Detail)
	}
	p.shoot("setup-error", desktop, phone)

	p.fill(n.SetupCode(), "ann", pass, pass+"!")
	p.click("#send")
	p.wantText("#repeat-wrong", "The two passwords differ.")

	p.open("/setup#code=" + n.SetupCode())
	if got := eval[string](p, "location.href"); got != n.URL+"/setup" {
		t.Errorf("address: got %s, want one without the code", got)
	}
	p.fill("", "ann", pass, pass)
	p.click("#show")
	if got := eval[string](p, "password.value + ' ' + password.type + ' ' + repeat.type"); got != pass+" text text" {
		t.Errorf("shown passwords: got %q, want them as text", got)
	}
	p.click("#send")
	p.wantText("#made", "Admin ann is made.")
	p.shoot("setup-done", desktop, phone)
	if a := n.call("GET", "/v1/users", n.logIn("ann").Access, nil); a.Status != 200 {
		t.Errorf("GET /v1/users as the new admin: got %d %s, want 200", a.Status, a.Body)
	}

	p.open("/setup")
	p.wantText("h1", "Set-up is done")
	p.shoot("setup-closed", desktop, phone)
	p.wantQuiet(4) // the three refusals above and the closed page, which is 410
}

func TestBrowserCallsARouteFromTheDocs(t *testing.T) {
	n := start(t, profile(t))
	n.signUp("ann")
	p := browse(t, n)
	p.open("/docs")
	p.see(".opblock")
	if got := eval[string](p, "document.title"); got != "Jotgate API" {
		t.Errorf("title: got %q, want Jotgate API", got)
	}
	p.shoot("docs", desktop)

	p.click(".btn.authorize")
	p.enter(".auth-container input", n.logIn("ann").Access)
	p.click(".auth-btn-wrapper .authorize")
	p.click(".auth-btn-wrapper .btn-done")

	const route = "#operations-me-me "
	p.click(route + ".opblock-summary-control")
	p.click(route + ".try-out__btn")
	p.click(route + ".execute")
	p.wantText(route+".live-responses-table tbody .response-col_status", "200")
	if got := p.text(route + ".live-responses-table tbody .response-col_description"); !strings.Contains(got, `"username": "ann"`) {
		t.Errorf("answer: got %s, want the user name", got)
	}
	eval[chromedp.Void](p, "document.querySelector('"+route+"').scrollIntoView()")
	p.shoot("docs-executed", desktop)
	p.wantQuiet(0)
}

// A page of ours logs in with cookies that its script never sees; the documentation's page proves itself by them.
func TestBrowserKeepsCookies(t *testing.T) {
	n := start(t, profile(t))
	n.signUp("ann")
	p := browse(t, n)
	p.open("/docs")
	got := eval[string](p, `(async () => {
		const post = (path, headers, content) => fetch(path, {method: "POST", headers, body: content && JSON.stringify(content)})
		const login = await (await post("/v1/login?cookies=true", {"Content-Type": "application/json"}, {username: "ann", password: "`+pass+`"})).json()
		const me = await (await fetch("/v1/me")).json()
		const bare = await post("/v1/refresh")
		const proved = await post("/v1/refresh", {"X-CSRF-Token": login.csrf_token})
		return [me.username, bare.status, proved.status, document.cookie === "__Host-csrf=" + login.csrf_token].join(" ")
	})()`)
	if want := "ann 403 200 true"; got != want {
		t.Errorf("me, refresh without proof and with it, only the proof to be read: got %q, want %q", got, want)
	}

	const route = "#operations-me-end-my-sessions "
	p.see(".opblock")
	p.click(route + ".opblock-summary-control")
	p.click(route + ".try-out__btn")
	p.click(route + ".execute")
	p.wantText(route+".live-responses-table tbody .response-col_status", "204")
	if got := eval[string](p, `fetch("/v1/me").then((a) => a.status + document.cookie)`); got != "401" {
		t.Errorf("logged out everywhere: got %q, want 401 and no cookie", got)
	}
	p.wantQuiet(2)
}

// Were the watch blind, the tests above would find every page quiet.
func TestBrowserTabNotesFaults(t *testing.T) {
	p := browse(t, start(t, profile(t)))
	p.open("/setup")
	for name, script := range map[string]string{
		"console error":        `console.error("canary")`,
		"exception":            `setTimeout(() => { throw new Error("canary") }); new Promise((done) => setTimeout(done, 1))`,
		"policy against code":  `document.body.insertAdjacentHTML("beforeend", "<img src='data:,' onerror='1'>"); new Promise((done) => setTimeout(done, 1))`,
		"request to elsewhere": `fetch("http://127.0.0.2:1/").catch(() => 0)`,
		"image from elsewhere": `new Promise((done) => { const i = new Image(); i.onerror = done; i.src = "http://127.0.0.2:1/" })`,
	} {
		t.Run(name, func(t *testing.T) {
			before := len(p.notes())
			eval[chromedp.Void](p, script)
			if got := p.notes(); len(got) == before {
				t.Error("got no note, want one")
			}
		})
	}
}

type size struct {
	name          string
	width, height int64
}

var (
	desktop = size{"desktop", 1280, 900}
	phone   = size{"phone", 390, 800}
)

// tab is a page in a Chromium of its own. It notes what none of our pages may do: an error on the console, a breach of
// the page's policy, a request to anywhere but our server.
type tab struct {
	t   testing.TB
	ctx context.Context
	url string

	mu      sync.Mutex
	faults  []string
	refused int // requests that were answered with 4xx or 5xx, which the console shows too
}

func browse(t testing.TB, n *node) *tab {
	t.Helper()
	allocator, stop := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)), chromedp.UserDataDir(t.TempDir()), chromedp.DisableGPU,
		chromedp.NoSandbox, // it needs rights that containers lack; the pages are our own
	)...)
	t.Cleanup(stop)
	browser, stop := chromedp.NewContext(allocator)
	t.Cleanup(stop)
	t.Cleanup(func() { _ = chromedp.Cancel(browser) }) // waits for the process, which still writes to its folder
	if err := chromedp.Do(browser); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(browser, time.Minute)
	t.Cleanup(stop)
	p := &tab{t: t, ctx: ctx, url: n.URL}
	if err := chromedp.Listen(ctx, p.note); err != nil {
		t.Fatal(err)
	}
	p.do(chromedp.EmulateViewport(desktop.width, desktop.height))
	return p
}

func chromium(t testing.TB) string {
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("skipped: install chromium or set CHROMIUM")
	return ""
}

func (p *tab) note(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if u := e.Request.URL; !strings.HasPrefix(u, p.url+"/") && !strings.HasPrefix(u, "data:") {
			p.faults = append(p.faults, "request: "+u)
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			p.faults = append(p.faults, "console: "+string(e.Args[0].Value)+e.Args[0].Description)
		}
	case *runtime.EventExceptionThrown:
		p.faults = append(p.faults, "exception: "+e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		p.entry(e.Entry)
	}
}

func (p *tab) entry(e *log.Entry) {
	switch {
	case e.Source == log.EntrySourceNetwork && strings.Contains(e.Text, "responded with a status"):
		p.refused++
	case e.Level == log.EntryLevelError || e.Level == log.EntryLevelWarning:
		p.faults = append(p.faults, "log: "+e.Text)
	}
}

// notes returns the faults so far. Events come in order, so a call and its answer bring all that was on its way.
func (p *tab) notes() []string {
	p.t.Helper()
	eval[int](p, "1")
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.faults)
}

// wantQuiet: no fault, and so many refused requests.
func (p *tab) wantQuiet(refused int) {
	p.t.Helper()
	if got := p.notes(); len(got) > 0 {
		p.t.Errorf("page: got %s; want no fault", strings.Join(got, "; "))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refused != refused {
		p.t.Errorf("page: got %d refused requests, want %d", p.refused, refused)
	}
}

func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

func eval[T any](p *tab, script string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatal(err)
	}
	return v
}

// open loads the page anew, even if only the fragment differs.
func (p *tab) open(path string) {
	p.t.Helper()
	p.do(chromedp.Navigate("about:blank"), chromedp.Navigate(p.url+path))
}

func (p *tab) see(what chromedp.CSS) { p.t.Helper(); p.do(chromedp.WaitVisible(what)) }

func (p *tab) click(what chromedp.CSS) {
	p.t.Helper()
	p.do(chromedp.Click(what, chromedp.NodeVisible))
}

func (p *tab) enter(where chromedp.CSS, text string) {
	p.t.Helper()
	p.see(where)
	p.do(chromedp.Focus(where))
	eval[chromedp.Void](p, "document.activeElement.select()") // what is there is pasted over
	if _, err := chromedp.Call(p.ctx, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
		p.t.Fatal(err)
	}
}

// fill fills in the set-up form. Without a code, the one that is there stays.
func (p *tab) fill(code, username, password, repeat string) {
	p.t.Helper()
	if code != "" {
		p.enter("#code", code)
	}
	p.enter("#username", username)
	p.enter("#password", password)
	p.enter("#repeat", repeat)
}

func (p *tab) text(where chromedp.CSS) string {
	p.t.Helper()
	text, err := chromedp.Run(p.ctx, chromedp.Text(where, chromedp.NodeVisible))
	if err != nil {
		p.t.Fatalf("%s: %v", where, err)
	}
	return strings.TrimSpace(text)
}

func (p *tab) wantText(where chromedp.CSS, want string) {
	p.t.Helper()
	if got := p.text(where); got != want {
		p.t.Errorf("%s: got %q, want %q", where, got, want)
	}
}

// shoot takes pictures for people, into the folder that SCREENSHOTS names.
func (p *tab) shoot(name string, sizes ...size) {
	p.t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	for _, s := range sizes {
		p.do(chromedp.EmulateViewport(s.width, s.height))
		eval[int](p, "Promise.allSettled(document.getAnimations().map((a) => a.finished)).then(() => 0)")
		picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
		if err := cmp.Or(err, os.WriteFile(filepath.Join(dir, name+"-"+s.name+".png"), picture, 0o644)); err != nil {
			p.t.Fatal(err)
		}
	}
	p.do(chromedp.EmulateViewport(desktop.width, desktop.height))
}
