package main

import (
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// definition is one metric of src/metrics/definition.py, which the Python command passes on: names
// and texts stand only there.
type definition struct {
	Name    string    `json:"name"`
	Kind    string    `json:"kind"`
	Text    string    `json:"text"`
	Labels  []string  `json:"labels"`
	Buckets []float64 `json:"buckets"`
}

// watch follows the connections that have carried a GET / from then to their ends, as
// src/server/watch.py does. A nil watch follows none.
type watch struct {
	definitions []definition
	reasons     []string // of src/metrics/closing.py
	idle        time.Duration

	mutex  sync.Mutex
	open   map[*connection]*life
	closed map[string]int
	values map[string][]float64 // of closed connections, by histogram: buckets, then the sum
}

type life struct {
	answeredAt time.Time
	requests   int
	closing    string // why the latest answer was its last; empty where it was not to be
}

func newWatch(definitions []definition, reasons []string, idleSeconds int) *watch {
	w := &watch{
		definitions: definitions,
		reasons:     reasons,
		idle:        time.Duration(idleSeconds) * time.Second,
		open:        map[*connection]*life{},
		closed:      map[string]int{},
		values:      map[string][]float64{},
	}
	for _, one := range definitions {
		w.values[one.Name] = make([]float64, len(one.Buckets)+2)
	}
	return w
}

// carry takes note of a request.
func (w *watch) carry(carrier *connection, requests int) {
	if w == nil {
		return
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.open[carrier] = &life{requests: requests}
}

// answer takes note of an answer, and whether it is the last because of a limit or the client.
func (w *watch) answer(carrier *connection, retired, announced bool) {
	if w == nil {
		return
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if one, known := w.open[carrier]; known {
		one.answeredAt = time.Now()
		if retired {
			one.closing = "retired"
		} else if announced {
			one.closing = "answered"
		}
	}
}

// end takes note of a connection that has closed.
func (w *watch) end(carrier *connection) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	one, known := w.open[carrier]
	if !known {
		return
	}
	delete(w.open, carrier)
	reason := one.closing
	if reason == "" {
		reason = "peer"
		if w.idle > 0 && !one.answeredAt.IsZero() && time.Since(one.answeredAt) >= w.idle {
			reason = "idle"
		}
	}
	w.closed[reason]++
	w.observe("long_lived_connection_age_seconds", time.Since(carrier.openedAt).Seconds())
	w.observe("long_lived_connection_requests", float64(one.requests))
}

func (w *watch) observe(name string, value float64) {
	for _, one := range w.definitions {
		if one.Name != name {
			continue
		}
		at := 0
		for at < len(one.Buckets) && value > one.Buckets[at] {
			at++
		}
		w.values[name][at]++
		w.values[name][len(one.Buckets)+1] += value
	}
}

// connState tells of the ends of connections, for http.Server.
func (r *replica) connState(conn net.Conn, state http.ConnState) {
	if state == http.StateClosed || state == http.StateHijacked {
		if carrier, known := r.carriers.LoadAndDelete(conn); known {
			r.watch.end(carrier.(*connection))
		}
	}
}

// serveMetrics answers scrapes; each has a goroutine of its own.
func (r *replica) serveMetrics(listener net.Listener) {
	startedAt := float64(r.startedAt.UnixMicro()) / 1e6
	server := &http.Server{
		ReadTimeout:    5 * time.Second,
		WriteTimeout:   5 * time.Second,
		IdleTimeout:    5 * time.Second,
		MaxHeaderBytes: 16 << 10,
		Handler: http.HandlerFunc(func(response http.ResponseWriter, _ *http.Request) {
			response.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
			r.writeMetrics(response, startedAt)
		}),
	}
	_ = server.Serve(listener) // until the process ends
}

// writeMetrics writes the text format: https://prometheus.io/docs/instrumenting/exposition_formats/
func (r *replica) writeMetrics(out io.Writer, startedAt float64) {
	counts := r.stats()
	r.watch.mutex.Lock()
	defer r.watch.mutex.Unlock()
	oldest := 0.0
	for one := range r.watch.open {
		oldest = max(oldest, time.Since(one.openedAt).Seconds())
	}
	gauges := map[string]float64{
		"long_lived_start_time_seconds":            startedAt,
		"long_lived_requests_in_flight":            float64(counts.InFlight),
		"long_lived_requests_answered_total":       float64(counts.Answered),
		"long_lived_connections_open":              float64(len(r.watch.open)),
		"long_lived_connections_opened_total":      float64(counts.Connections),
		"long_lived_connection_oldest_age_seconds": oldest,
	}
	for _, one := range r.watch.definitions {
		fmt.Fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", one.Name, one.Text, one.Name, one.Kind)
		labels := fmt.Sprintf("side=\"server\",replica=%s", quoted(r.pod))
		switch one.Name {
		case "long_lived_requests_failed_total": // no handler of ours fails
			sample(out, one.Name, labels+`,kind="server_error"`, 0)
		case "long_lived_connections_closed_total":
			for _, reason := range r.watch.reasons {
				sample(out, one.Name, labels+`,reason="`+reason+`"`, float64(r.watch.closed[reason]))
			}
		default:
			if one.Kind != "histogram" {
				sample(out, one.Name, labels, gauges[one.Name])
				continue
			}
			values, total := r.watch.values[one.Name], 0.0
			for at, bound := range append(one.Buckets[:len(one.Buckets):len(one.Buckets)], math.Inf(1)) {
				total += values[at]
				sample(out, one.Name+"_bucket", labels+`,le="`+number(bound)+`"`, total)
			}
			sample(out, one.Name+"_count", labels, total)
			sample(out, one.Name+"_sum", labels, values[len(one.Buckets)+1])
		}
	}
}

func sample(out io.Writer, name, labels string, value float64) {
	fmt.Fprintf(out, "%s{%s} %s\n", name, labels, number(value))
}

func number(value float64) string {
	if math.IsInf(value, 1) {
		return "+Inf"
	}
	return strconv.FormatFloat(value, 'f', -1, 64)
}

// quoted writes a label's value.
func quoted(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(value) + `"`
}
