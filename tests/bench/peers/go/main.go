// The stage of tests/loop/tally.c as a Go service: franz-go, pgx, a goroutine for each partition.
//
// State changes once (compare-and-set on epoch and batch_seq), outputs are published at least once
// and are the same bytes if published again, offsets come from PostgreSQL. Batches of a partition
// overlap: one is published while the next ones are loaded, decided and saved; partitions do not
// wait for each other. Settings: PEER_BROKERS, PEER_SESSION_MS, and PostgreSQL's own PG*.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	inputTopic  = "refunds.requests.v1"
	outputTopic = "refunds.validated.v1"
	group       = "peer-go"
	batchMax    = 1000
)

// service owns the shards that the group gave to this instance.
type service struct {
	client *kgo.Client
	pool   *pgxpool.Pool
	mu     sync.Mutex
	shards map[int32]*shard
}

func (s *service) assigned(ctx context.Context, _ *kgo.Client, given map[string][]int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, partition := range given[inputTopic] {
		shard, err := claim(ctx, s.client, s.pool, partition)
		if err != nil {
			log.Fatalf("claiming shard %d: %v", partition, err)
		}
		s.shards[partition] = shard
		go shard.run(ctx)
	}
}

func (s *service) revoked(_ context.Context, _ *kgo.Client, taken map[string][]int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, partition := range taken[inputTopic] {
		if shard := s.shards[partition]; shard != nil {
			shard.stop()
			delete(s.shards, partition)
		}
	}
}

// offsets starts every partition where PostgreSQL says, whatever Kafka remembers.
func (s *service) offsets(_ context.Context, from map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for partition := range from[inputTopic] {
		if shard := s.shards[partition]; shard != nil {
			from[inputTopic][partition] = kgo.NewOffset().At(shard.next)
		}
	}
	return from, nil
}

func (s *service) poll(ctx context.Context) {
	for {
		fetches := s.client.PollRecords(ctx, 10*batchMax)
		if ctx.Err() != nil {
			return
		}
		fetches.EachError(func(topic string, partition int32, err error) {
			log.Fatalf("reading %s[%d]: %v", topic, partition, err)
		})
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			s.mu.Lock()
			shard := s.shards[p.Partition]
			s.mu.Unlock()
			if shard != nil && len(p.Records) > 0 {
				shard.records <- p.Records
			}
		})
		s.client.AllowRebalance()
	}
}

func sessionTimeout() time.Duration {
	ms, err := strconv.Atoi(os.Getenv("PEER_SESSION_MS"))
	if err != nil {
		return 6 * time.Second
	}
	return time.Duration(ms) * time.Millisecond
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	pool, err := pgxpool.New(context.Background(), "pool_max_conns=8 application_name=peer-go")
	if err != nil {
		log.Fatal(err)
	}
	s := &service{pool: pool, shards: map[int32]*shard{}}
	s.client, err = kgo.NewClient(
		kgo.SeedBrokers(strings.Split(os.Getenv("PEER_BROKERS"), ",")...),
		kgo.ConsumerGroup(group),
		kgo.ConsumeTopics(inputTopic),
		kgo.SessionTimeout(sessionTimeout()),
		kgo.HeartbeatInterval(sessionTimeout()/4),
		kgo.BlockRebalanceOnPoll(),
		kgo.OnPartitionsAssigned(s.assigned),
		kgo.OnPartitionsRevoked(s.revoked),
		kgo.OnPartitionsLost(s.revoked),
		kgo.AdjustFetchOffsetsFn(s.offsets),
		kgo.AutoCommitMarks(),
		kgo.AutoCommitInterval(250*time.Millisecond),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
	)
	if err != nil {
		log.Fatal(err)
	}
	s.poll(ctx)
	s.client.CloseAllowingRebalance()
	pool.Close()
}
