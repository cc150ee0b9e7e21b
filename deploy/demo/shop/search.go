// SPDX-License-Identifier: Apache-2.0

package main

import "sync"

// A Filter says whether a product may be shown at all.
type Filter interface {
	Keep(p *Product) bool
}

type priceRange struct{ min, max int64 }

func (r *priceRange) Keep(p *Product) bool { return p.Cents >= r.min && p.Cents <= r.max }

type inStock struct{ least int }

func (s *inStock) Keep(p *Product) bool { return p.Stock >= s.least }

// Hit is a product, and how far it is from what was asked for.
type Hit struct {
	*Product
	Distance float32 `json:"distance"`
}

func closer(a, b Hit) bool {
	if a.Distance != b.Distance {
		return a.Distance < b.Distance
	}
	return a.ID < b.ID
}

// Catalog is all there is to buy; prices and stock change under its lock.
type Catalog struct {
	lock     sync.RWMutex
	products []*Product
	index    *Index
}

// Search gives the n products that are closest to a wish, of those with all of the terms that pass
// the filters.
func (c *Catalog) Search(terms []string, filters []Filter, wish Vector, n int) []Hit {
	c.lock.RLock()
	defer c.lock.RUnlock()
	top := newTop(n, closer)
	found := c.index.Find(terms)
next:
	for id := found.Seek(0); id < none; id = found.Seek(id + 1) {
		p := c.products[id]
		for _, filter := range filters {
			if !filter.Keep(p) {
				continue next
			}
		}
		distance := float32(0)
		for i, length := 0, wish.Len(); i < length; i++ {
			wanted := wish.At(i)
			got := p.Features.At(i)
			distance += (wanted - got) * (wanted - got)
		}
		top.Add(Hit{p, distance})
	}
	return top.Sorted()
}

// Features are those of the products with these numbers.
func (c *Catalog) Features(ids []int) []Vector {
	var vectors []Vector
	for _, id := range ids {
		if id >= 0 && id < len(c.products) {
			vectors = append(vectors, c.products[id].Features)
		}
	}
	return vectors
}

// Price works out what the lines cost.
func (c *Catalog) Price(lines []Line, rules []Rule, taxPercent int64) (Quote, error) {
	c.lock.RLock()
	defer c.lock.RUnlock()
	quote := Quote{Lines: lines}
	for i := range lines {
		line := &lines[i]
		if line.ID < 0 || line.ID >= len(c.products) {
			return Quote{}, errNoSuchProduct
		}
		p := c.products[line.ID]
		line.Cents = p.Cents * int64(line.Quantity)
		quote.Total += line.Cents
		for _, rule := range rules {
			quote.Discount += rule.Discount(p, line)
		}
	}
	quote.Total -= quote.Discount
	quote.Tax = percentOf(quote.Total, taxPercent)
	quote.Total += quote.Tax
	return quote, nil
}
