// SPDX-License-Identifier: Apache-2.0

package main

// Top keeps the best n of what it is shown: a heap with the worst of them in front.
type Top[T any] struct {
	items  []T
	n      int
	better func(a, b T) bool
}

func newTop[T any](n int, better func(a, b T) bool) *Top[T] {
	return &Top[T]{n: n, better: better}
}

// Add shows one more.
func (t *Top[T]) Add(item T) {
	if len(t.items) < t.n {
		t.items = append(t.items, item)
		t.up(len(t.items) - 1)
	} else if t.n > 0 && t.better(item, t.items[0]) {
		t.items[0] = item
		t.down(0, t.n)
	}
}

func (t *Top[T]) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !t.better(t.items[parent], t.items[i]) {
			return
		}
		t.items[parent], t.items[i] = t.items[i], t.items[parent]
		i = parent
	}
}

func (t *Top[T]) down(i, n int) {
	for {
		worst := i
		for child := 2*i + 1; child <= 2*i+2 && child < n; child++ {
			if t.better(t.items[worst], t.items[child]) {
				worst = child
			}
		}
		if worst == i {
			return
		}
		t.items[i], t.items[worst] = t.items[worst], t.items[i]
		i = worst
	}
}

// Sorted takes the heap apart, the best first.
func (t *Top[T]) Sorted() []T {
	for n := len(t.items) - 1; n > 0; n-- {
		t.items[0], t.items[n] = t.items[n], t.items[0]
		t.down(0, n)
	}
	return t.items
}
