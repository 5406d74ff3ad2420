package pcsc

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestGateLetsOneIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gate
		var order []int // guarded by the gate: -race tells
		var calls sync.WaitGroup
		for i := range 20 {
			calls.Go(func() {
				defer g.enter(time.Second)()
				order = append(order, i)
				<-time.After(time.Second / 2)
			})
			synctest.Wait() // it waits at the gate
		}
		began := time.Now()
		calls.Wait()
		if took := time.Since(began); took != 20*time.Second/2 {
			t.Errorf("20 calls of 500 ms took %v", took)
		}
		for i, n := range order {
			if i != n {
				t.Fatalf("order %v", order)
			}
		}
	})
}

// A call that never returns costs the others its bound, once.
func TestGateOfHungCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gate
		hung := g.enter(time.Second)
		<-time.After(time.Second / 4)
		began := time.Now()
		second := g.enter(time.Second)
		if took := time.Since(began); took != 3*time.Second/4 {
			t.Errorf("the next call waited %v", took)
		}
		inside := make(chan struct{})
		go func() {
			defer g.enter(time.Second)()
			close(inside)
		}()
		synctest.Wait()
		hung() // which says nothing of the second
		synctest.Wait()
		select {
		case <-inside:
			t.Error("two calls at a time")
		default:
		}
		second()
		<-inside
		if took := time.Since(began); took != 3*time.Second/4 {
			t.Errorf("the third call waited until %v", took)
		}
	})
}

func BenchmarkGate(b *testing.B) {
	var g gate
	for b.Loop() {
		g.enter(lookUp)()
	}
}
