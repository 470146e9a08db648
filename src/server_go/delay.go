package main

import (
	"math/rand/v2"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// aDraw is what a client may draw, as in src/server/delay.py.
var aDraw = regexp.MustCompile(`^(0(\.[0-9]{1,17})?|1(\.0{1,17})?)$`)

// delayOf draws a delay; a draw that the client sends decides, anything else is ignored.
func (s settings) delayOf(request *http.Request) time.Duration {
	draw := rand.Float64()
	if given := request.Header.Values("Long-Lived-Draw"); len(given) == 1 && aDraw.MatchString(given[0]) {
		draw, _ = strconv.ParseFloat(given[0], 64)
	}
	low, high := s.Delay.MinSeconds, s.Delay.MaxSeconds
	return time.Duration((low + draw*(high-low)) * float64(time.Second))
}
