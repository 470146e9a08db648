// The Go server of the comparison: plain net/http, as Go users have it.
//
// It does nothing that the Python package `server` already does: that checks the settings,
// names the pod, opens the listening sockets, and then becomes this program (execv) with one
// argument, the assignment as JSON. So all runtimes share one command, one values file and one
// implementation of the port.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// badUsage is the exit status for an assignment that cannot be used.
const badUsage = 2

// assignment is what the Python command passes on; `server` has the keys of the values file.
type assignment struct {
	Pod              string    `json:"pod"`
	Listeners        []uintptr `json:"listeners"`        // file descriptors
	BalancedAtRandom *bool     `json:"balancedAtRandom"` // null where the port is not shared
	Server           settings  `json:"server"`
	Metrics          *struct {
		Listener   uintptr      `json:"listener"`
		Definition []definition `json:"definition"`
		Reasons    []string     `json:"reasons"`
	} `json:"metrics"` // null where none are asked for
}

type settings struct {
	Runtime string `json:"runtime"`
	Delay   struct {
		MinSeconds float64 `json:"minSeconds"`
		MaxSeconds float64 `json:"maxSeconds"`
	} `json:"delay"`
	KeepAlive struct {
		IdleTimeoutSeconds int     `json:"idleTimeoutSeconds"`
		MaxRequests        int     `json:"maxRequests"`   // 0 means no limit
		MaxAgeSeconds      float64 `json:"maxAgeSeconds"` // 0 means no limit
		JitterRatio        float64 `json:"jitterRatio"`
	} `json:"keepAlive"`
	GracefulTimeoutSeconds int `json:"gracefulTimeoutSeconds"`
	HeaderTimeoutSeconds   int `json:"headerTimeoutSeconds"` // 0 means no limit
}

// utcLines writes the log as the Python runtimes do.
type utcLines struct{ level string }

func (lines utcLines) Write(text []byte) (int, error) {
	now := time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	fmt.Fprintf(os.Stderr, "%s %s %s\n", now, lines.level, strings.TrimRight(string(text), "\n"))
	return len(text), nil
}

func main() {
	if len(os.Args) != 2 {
		refuse("start it with `python -m long_lived.server --set server.runtime=go`")
	}
	var assigned assignment
	if err := json.Unmarshal([]byte(os.Args[1]), &assigned); err != nil {
		refuse(err.Error())
	}
	listeners, err := inherit(assigned.Listeners)
	if err != nil {
		refuse(err.Error())
	}
	serve(assigned, listeners)
}

// inherit turns file descriptors into listeners and keeps no second copy: the port must be
// free when the listener is closed.
func inherit(descriptors []uintptr) ([]net.Listener, error) {
	var listeners []net.Listener
	for _, descriptor := range descriptors {
		file := os.NewFile(descriptor, "listener")
		if file == nil {
			return nil, fmt.Errorf("file descriptor %d is not open", descriptor)
		}
		listener, err := net.FileListener(file)
		if err != nil {
			return nil, fmt.Errorf("file descriptor %d: %w", descriptor, err)
		}
		file.Close()
		listeners = append(listeners, listener)
	}
	return listeners, nil
}

// serve answers until the process ends: at SIGTERM at once, which is Go's default, or after a
// drain if the settings ask for one.
func serve(assigned assignment, listeners []net.Listener) {
	info := log.New(utcLines{"INFO"}, "", 0)
	replica := newReplica(assigned)
	server := &http.Server{
		Handler:           &handler{replica: replica, settings: assigned.Server},
		IdleTimeout:       time.Duration(assigned.Server.KeepAlive.IdleTimeoutSeconds) * time.Second,
		ReadHeaderTimeout: time.Duration(assigned.Server.HeaderTimeoutSeconds) * time.Second,
		MaxHeaderBytes:    mostHeaderBytes,
		ConnContext:       replica.withConnection(assigned.Server),
		ErrorLog:          log.New(utcLines{"WARNING"}, "", 0),
	}
	if metrics := assigned.Metrics; metrics != nil {
		inherited, err := inherit([]uintptr{metrics.Listener})
		if err != nil {
			refuse(err.Error())
		}
		replica.watch = newWatch(metrics.Definition, metrics.Reasons, assigned.Server.KeepAlive.IdleTimeoutSeconds)
		server.ConnState = replica.connState
		go replica.serveMetrics(inherited[0])
	}
	stopped := make(chan struct{})
	if seconds := assigned.Server.GracefulTimeoutSeconds; seconds > 0 {
		terminated := make(chan os.Signal, 1)
		signal.Notify(terminated, syscall.SIGTERM)
		go func() {
			<-terminated
			limit, cancel := context.WithTimeout(context.Background(), time.Duration(seconds)*time.Second)
			defer cancel()
			// Returns when all is answered or time is up; the exit then ends the rest.
			_ = server.Shutdown(limit)
			info.Print(replica.farewell())
			close(stopped)
		}()
	}

	var addresses []string
	for _, listener := range listeners {
		addresses = append(addresses, fmt.Sprintf("http://%s/", listener.Addr()))
	}
	failed := make(chan error, len(listeners))
	for _, listener := range listeners {
		go func() { failed <- server.Serve(listener) }()
	}
	info.Printf("Serving pod=%s runtime=%s on %s", replica.pod, replica.runtime, strings.Join(addresses, " "))
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		log.New(utcLines{"ERROR"}, "", 0).Fatal(err)
	}
	<-stopped
}

func refuse(reason string) {
	fmt.Fprintf(os.Stderr, "server: error: %s\n", reason)
	os.Exit(badUsage)
}
