package main

import (
	"context"
	random "crypto/rand"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"sync"
	"syscall"
	"time"
)

// replica holds the counts of one serving copy. They change before an answer is written, so a
// client that has its answer finds it counted in /stats.
type replica struct {
	pod              string
	runtime          string
	instance         string // tells one start under this name from the next
	startedAt        time.Time
	cpuBefore        float64 // CPU seconds of the process when this instance started
	balancedAtRandom *bool

	mutex       sync.Mutex
	inFlight    int
	answered    int
	answeredTo  answeredTo
	connections int

	watch    *watch   // nil where no metrics are asked for
	carriers sync.Map // *connection by net.Conn, if they are
}

func newReplica(assigned assignment) *replica {
	instance := make([]byte, 8)
	_, _ = random.Read(instance) // never fails, as its documentation says
	return &replica{
		pod:              assigned.Pod,
		runtime:          assigned.Server.Runtime,
		instance:         hex.EncodeToString(instance),
		startedAt:        time.Now(),
		cpuBefore:        cpuSeconds(),
		balancedAtRandom: assigned.BalancedAtRandom,
		answeredTo:       answeredTo{byID: map[string]*account{}},
	}
}

// uptime returns how long ago this instance started.
func (r *replica) uptime() seconds { return seconds(time.Since(r.startedAt).Seconds()) }

// cpuSeconds returns what the process has used, user and system.
func cpuSeconds() float64 {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // fails only for a wrong argument
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}

// connection is what the replica knows of one TCP connection.
type connection struct {
	openedAt time.Time
	lifetime lifetime
	number   int // 1, 2, 3 … in the order of first GET /; 0 before that
	requests int // GET / carried
}

// arrival is what one GET / found when it arrived.
type arrival struct {
	inFlight int
	number   int
	requests int
	openedAt time.Time
	lifetime lifetime
	carrier  *connection
}

// atItsLimit tells whether the answer that is sent now must be the last on its connection.
func (a arrival) atItsLimit() bool {
	return float64(a.requests) >= a.lifetime.requests ||
		time.Since(a.openedAt).Seconds() >= a.lifetime.ageSeconds
}

// lifetime is what one connection may do before it is retired.
type lifetime struct{ requests, ageSeconds float64 }

// drawLifetime draws the limits of one connection, as src/settings/sections/connection_limits.py
// does.
func (s settings) drawLifetime() lifetime {
	own, limits := lifetime{math.Inf(1), math.Inf(1)}, s.KeepAlive
	factor := 1 + limits.JitterRatio*(2*rand.Float64()-1)
	if limits.MaxRequests > 0 {
		own.requests = max(1, math.RoundToEven(float64(limits.MaxRequests)*factor))
	}
	if limits.MaxAgeSeconds > 0 {
		own.ageSeconds = limits.MaxAgeSeconds * factor
	}
	return own
}

type connectionKey struct{}

// withConnection gives each connection its record; net/http calls what it returns once for each.
func (r *replica) withConnection(s settings) func(context.Context, net.Conn) context.Context {
	return func(ctx context.Context, conn net.Conn) context.Context {
		opened := &connection{openedAt: time.Now(), lifetime: s.drawLifetime()}
		if r.watch != nil {
			r.carriers.Store(conn, opened)
		}
		return context.WithValue(ctx, connectionKey{}, opened)
	}
}

// arrive counts a GET / in flight.
func (r *replica) arrive(ctx context.Context) arrival {
	carrier := ctx.Value(connectionKey{}).(*connection)
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if carrier.number == 0 {
		r.connections++
		carrier.number = r.connections
	}
	carrier.requests++
	r.inFlight++
	r.watch.carry(carrier, carrier.requests)
	return arrival{r.inFlight, carrier.number, carrier.requests, carrier.openedAt, carrier.lifetime, carrier}
}

// answer counts a GET / of a client as answered.
func (r *replica) answer(client string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.inFlight--
	r.answered++
	r.answeredTo.count(client)
}

// stats is the answer to /stats.
type stats struct {
	Pod              string         `json:"pod"`
	Runtime          string         `json:"runtime"`
	Instance         string         `json:"instance"`
	UptimeSeconds    seconds        `json:"uptime_seconds"`
	CPUSeconds       seconds        `json:"cpu_seconds"`
	BalancedAtRandom *bool          `json:"balanced_at_random"`
	Answered         int            `json:"answered"`
	AnsweredTo       map[string]int `json:"answered_to"`
	InFlight         int            `json:"in_flight"`
	Connections      int            `json:"connections"`
}

func (r *replica) stats() stats {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return stats{
		Pod:              r.pod,
		Runtime:          r.runtime,
		Instance:         r.instance,
		UptimeSeconds:    r.uptime(),
		CPUSeconds:       seconds(cpuSeconds() - r.cpuBefore),
		BalancedAtRandom: r.balancedAtRandom,
		Answered:         r.answered,
		AnsweredTo:       r.answeredTo.asMap(),
		InFlight:         r.inFlight,
		Connections:      r.connections,
	}
}

// farewell is the last line of a replica's log.
func (r *replica) farewell() string {
	now := r.stats()
	return fmt.Sprintf("Stopped pod=%s answered=%d connections=%d in_flight=%d instance=%s",
		now.Pod, now.Answered, now.Connections, now.InFlight, now.Instance)
}
