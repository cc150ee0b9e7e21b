// SPDX-License-Identifier: Apache-2.0

// Mixed is a bit of everything that a service does: JSON, regular expressions, maps, compression,
// looking at the clock, and the garbage that all of it makes.
package main

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"sort"
	"strings"
	"sync"
	"time"

	"example.com/hone/workloads/window"
)

type item struct {
	Name  string   `json:"name"`
	Price float64  `json:"price"`
	Tags  []string `json:"tags"`
}

type order struct {
	ID      int               `json:"id"`
	Placed  time.Time         `json:"placed"`
	Contact string            `json:"contact"`
	Items   []item            `json:"items"`
	Notes   map[string]string `json:"notes"`
}

func newOrder(id int) order {
	o := order{
		ID:      id,
		Placed:  time.Now(),
		Contact: fmt.Sprintf("Customer %d <customer.%d@shop-%d.example>, +49 30 %07d", id, id, id%7, id),
		Notes:   map[string]string{},
	}
	for i := 0; i < 6; i++ {
		o.Items = append(o.Items, item{
			Name:  fmt.Sprintf("thing-%d", (id+i)%50),
			Price: float64(id%100) + float64(i)/4,
			Tags:  []string{"a", "b\tc", "größer"},
		})
		o.Notes[fmt.Sprintf("note%d", i)] = strings.Repeat("text ", i)
	}
	return o
}

var contact = regexp.MustCompile(`(?i)([a-z]+[. ])*[a-z0-9.]+@([a-z0-9-]+\.)+[a-z]{2,}`)

type ledger struct {
	total map[string]float64
	seen  map[int]time.Duration
}

func (l *ledger) add(o *order) {
	for _, i := range o.Items {
		l.total[i.Name] += i.Price
	}
	l.seen[o.ID] = time.Since(o.Placed)
}

func (l *ledger) top() []string {
	names := make([]string, 0, len(l.total))
	for name := range l.total {
		names = append(names, name)
	}
	sort.Slice(names, func(a, b int) bool { return l.total[names[a]] > l.total[names[b]] })
	return names[:smaller(len(names), 3)]
}

func smaller(a, b int) int {
	if a < b {
		return a
	}
	return b
}

var writers = sync.Pool{New: func() any {
	w, err := flate.NewWriter(nil, flate.DefaultCompression)
	window.Check(err)
	return w
}}

func roundTrip(orders []order) []order {
	text, err := json.Marshal(orders)
	window.Check(err)

	var packed bytes.Buffer
	w := writers.Get().(*flate.Writer)
	w.Reset(&packed)
	_, err = w.Write(text)
	window.Check(err)
	window.Check(w.Close())
	writers.Put(w)

	text, err = io.ReadAll(flate.NewReader(&packed))
	window.Check(err)
	var back []order
	window.Check(json.Unmarshal(text, &back))
	return back
}

// watch looks at the clock far more often than a decent program should.
func watch(limit time.Duration) int {
	looks := 0
	for start := time.Now(); time.Since(start) < limit; looks++ {
	}
	return looks
}

func step(worker int) {
	l := ledger{total: map[string]float64{}, seen: map[int]time.Duration{}}
	orders := make([]order, 0, 60)
	for i := 0; i < cap(orders); i++ {
		orders = append(orders, newOrder(worker*1000+i))
	}
	for _, o := range roundTrip(orders) {
		if contact.FindString(o.Contact) == "" {
			panic("no address in " + o.Contact)
		}
		l.add(&o)
	}
	l.top()
	watch(100 * time.Microsecond)
}

func main() {
	window.Main(window.Workload{Step: step})
}
