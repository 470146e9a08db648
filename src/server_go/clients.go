package main

import (
	"net/http"
	"strings"
)

// mostClients is the most ids kept, as in src/server/clients.py.
const mostClients = 1_000

// answeredTo counts answers by client id; its owner has a lock.
type answeredTo struct {
	unknown int // to clients without an id
	total   int
	byID    map[string]*account
}

type account struct {
	answers int
	last    int // the total at the latest answer
}

// clientOf returns the id that a client names itself by, or whatever it sends instead.
func clientOf(request *http.Request) string {
	return strings.Join(request.Header.Values("Long-Lived-Client"), ",")
}

// count counts one answer; the least recently used id makes room for a new one.
func (a *answeredTo) count(client string) {
	a.total++
	if !isID(client) {
		a.unknown++
		return
	}
	found, known := a.byID[client]
	if !known {
		if len(a.byID) == mostClients {
			a.forget()
		}
		found = &account{}
		a.byID[client] = found
	}
	found.answers++
	found.last = a.total
}

func (a *answeredTo) forget() {
	oldest := ""
	for id, one := range a.byID {
		if oldest == "" || one.last < a.byID[oldest].last {
			oldest = id
		}
	}
	delete(a.byID, oldest)
}

// asMap returns the counts, with "" only if a client gave no id.
func (a *answeredTo) asMap() map[string]int {
	counts := map[string]int{}
	if a.unknown > 0 {
		counts[""] = a.unknown
	}
	for id, one := range a.byID {
		counts[id] = one.answers
	}
	return counts
}

// isID tells whether a client's id is exactly 16 lowercase hex digits.
func isID(client string) bool {
	return len(client) == 16 && strings.Trim(client, "0123456789abcdef") == ""
}
