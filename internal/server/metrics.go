package server

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/bakplane/bakplane/internal/migration/progress"
)

// metrics are the figures at /metrics.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics(s *Kit) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "bakplane_http_requests_total", Help: "Requests answered."}, []string{"method", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "bakplane_http_request_seconds", Help: "Time to answer, streams left out.",
			Buckets: []float64{.005, .02, .1, .5, 2, 10}}, []string{"route"}),
	}
	m.registry.MustRegister(m.requests, m.seconds, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "bakplane_streams", Help: "Pages being told of changes."}, func() float64 { return float64(s.streams.Load()) }),
		&activityCollector{server: s,
			active: prometheus.NewDesc("bakplane_migrations_active", "Migrations that have not ended, by stage.", []string{"stage"}, nil),
			needs:  prometheus.NewDesc("bakplane_migrations_need_person", "Migrations that stand still until a person acts.", nil, nil)})
	return m
}

func (m *metrics) seen(c echo.Context, took time.Duration) {
	method, route := labels(c)
	m.requests.WithLabelValues(method, route, strconv.Itoa(c.Response().Status)).Inc()
	m.seconds.WithLabelValues(route).Observe(took.Seconds())
}

// labels are names of ours alone: what a stranger wrote into a request would be
// a new figure each time, kept for ever.
func labels(c echo.Context) (method, route string) {
	if method = c.Request().Method; !slices.Contains(methods, method) {
		method = "other"
	}
	if route = c.Path(); route == "" {
		route = "none"
	}
	return method, route
}

func (s *Kit) showMetrics() echo.HandlerFunc {
	return echo.WrapHandler(promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}))
}

// activityCollector reads the store when it is asked.
type activityCollector struct {
	server        *Kit
	active, needs *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (k *activityCollector) Describe(ch chan<- *prometheus.Desc) { ch <- k.active; ch <- k.needs }

// Collect implements prometheus.Collector.
func (k *activityCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	st, err := k.server.Progress.Activity(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(k.active, err)
		return
	}
	stages := map[string]int{}
	for _, m := range st.Active {
		stages[string(m.Stage)]++
	}
	for _, stage := range progress.AtWork {
		ch <- prometheus.MustNewConstMetric(k.active, prometheus.GaugeValue, float64(stages[string(stage)]), string(stage))
	}
	ch <- prometheus.MustNewConstMetric(k.needs, prometheus.GaugeValue, float64(len(st.Needs)))
}
