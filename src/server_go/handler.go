package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// What a request may carry, as in src/server/runtimes/bounds.py.
const (
	mostHeaderBytes = 128 << 10
	mostBodyBytes   = 64 << 10
)

// handler answers as src/server/app.py does; tests/server holds both to one contract. It does
// without http.ServeMux, which redirects every path that is not in its canonical form.
type handler struct {
	replica  *replica
	settings settings
}

// seconds is a number of seconds that JSON shows with a fraction, even if it is whole.
type seconds float64

func (s seconds) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(s), 'f', 6, 64), nil
}

type description struct {
	Pod           string  `json:"pod"`
	Runtime       string  `json:"runtime"`
	Instance      string  `json:"instance"`
	UptimeSeconds seconds `json:"uptime_seconds"`
	DelaySeconds  seconds `json:"delay_seconds"`
	InFlight      int     `json:"in_flight"`
	Connection    struct {
		Number     int     `json:"number"`
		AgeSeconds seconds `json:"age_seconds"`
		Requests   int     `json:"requests"`
	} `json:"connection"`
}

func (h *handler) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	response.Header().Set("Server", h.replica.runtime)
	if request.ContentLength != 0 && h.refusesBody(response, request) {
		return
	}
	var answer func(http.ResponseWriter, *http.Request)
	switch request.URL.Path {
	case "/":
		answer = h.answer
	case "/healthz":
		answer = func(w http.ResponseWriter, _ *http.Request) { text(w, http.StatusOK, "ok") }
	case "/readyz":
		answer = func(w http.ResponseWriter, _ *http.Request) { text(w, http.StatusOK, "ready "+h.replica.pod) }
	case "/stats":
		answer = func(w http.ResponseWriter, _ *http.Request) { asJSON(w, h.replica.stats()) }
	default:
		text(response, http.StatusNotFound, "404 Not Found")
		return
	}
	if request.Method != http.MethodGet && request.Method != http.MethodHead {
		response.Header().Set("Allow", "GET, HEAD")
		text(response, http.StatusMethodNotAllowed, "405 Method Not Allowed")
		return
	}
	answer(response, request)
}

// refusesBody answers a request whose body is too large. A smaller one has as long to come as the
// headers had, since net/http reads it before an answer, and no other request follows it.
func (h *handler) refusesBody(response http.ResponseWriter, request *http.Request) bool {
	response.Header().Set("Connection", "close")
	if seconds := h.settings.HeaderTimeoutSeconds; seconds > 0 {
		limit := time.Now().Add(time.Duration(seconds) * time.Second)
		_ = http.NewResponseController(response).SetReadDeadline(limit) // of a TCP connection: cannot fail
	}
	if request.ContentLength <= mostBodyBytes {
		return false
	}
	text(response, http.StatusRequestEntityTooLarge, "413 Request Entity Too Large")
	return true
}

// answer waits and names the pod.
func (h *handler) answer(response http.ResponseWriter, request *http.Request) {
	started := time.Now()
	arrived := h.replica.arrive(request.Context())
	time.Sleep(h.settings.delayOf(request))
	delay := time.Since(started).Seconds()
	h.replica.answer(clientOf(request))
	retired := arrived.atItsLimit()
	if retired {
		response.Header().Set("Connection", "close")
	}
	h.replica.watch.answer(arrived.carrier, retired, request.Close)

	if !strings.Contains(request.Header.Get("Accept"), "application/json") {
		text(response, http.StatusOK, fmt.Sprintf("Response from Pod %s after %.3f s", h.replica.pod, delay))
		return
	}
	described := description{
		Pod:           h.replica.pod,
		Runtime:       h.replica.runtime,
		Instance:      h.replica.instance,
		UptimeSeconds: h.replica.uptime(),
		DelaySeconds:  seconds(delay),
		InFlight:      arrived.inFlight,
	}
	described.Connection.Number = arrived.number
	described.Connection.AgeSeconds = seconds(time.Since(arrived.openedAt).Seconds())
	described.Connection.Requests = arrived.requests
	asJSON(response, described)
}

func text(response http.ResponseWriter, status int, line string) {
	response.Header().Set("Content-Type", "text/plain; charset=utf-8")
	response.WriteHeader(status)
	fmt.Fprintln(response, line)
}

func asJSON(response http.ResponseWriter, content any) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(content); err != nil {
		text(response, http.StatusInternalServerError, "500 Internal Server Error")
		return
	}
	response.Header().Set("Content-Type", "application/json")
	_, _ = response.Write(body.Bytes())
}
