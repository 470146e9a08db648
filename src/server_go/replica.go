package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"
)

// replica holds the counts of one serving copy. The counts of a request change before its
// answer is written, so a client that has its answer finds it counted in /stats.
type replica struct {
	pod     string
	runtime string

	mutex       sync.Mutex
	inFlight    int
	answered    int
	connections int
}

// connection is what the replica knows of one TCP connection.
type connection struct {
	openedAt time.Time
	number   int // 1, 2, 3 … in the order of first GET /; 0 before that
	requests int // GET / carried
}

// arrival is what one GET / found when it arrived.
type arrival struct {
	inFlight int
	number   int
	requests int
	openedAt time.Time
}

type connectionKey struct{}

// withConnection gives each connection its record; net/http calls it once for each.
func withConnection(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, &connection{openedAt: time.Now()})
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
	return arrival{r.inFlight, carrier.number, carrier.requests, carrier.openedAt}
}

// answer counts a GET / as answered.
func (r *replica) answer() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.inFlight--
	r.answered++
}

// stats is the answer to /stats.
type stats struct {
	Pod         string `json:"pod"`
	Runtime     string `json:"runtime"`
	Answered    int    `json:"answered"`
	InFlight    int    `json:"in_flight"`
	Connections int    `json:"connections"`
}

func (r *replica) stats() stats {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return stats{r.pod, r.runtime, r.answered, r.inFlight, r.connections}
}

// farewell is the last line of a replica's log.
func (r *replica) farewell() string {
	now := r.stats()
	return fmt.Sprintf("Stopped pod=%s answered=%d connections=%d in_flight=%d",
		now.Pod, now.Answered, now.Connections, now.InFlight)
}
