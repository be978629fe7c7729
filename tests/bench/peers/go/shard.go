package main

import (
	"context"
	"fmt"
	"log"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/twmb/franz-go/pkg/kgo"

	"peer/kept"
)

// At most this many saved batches of a shard are not acknowledged by Kafka.
const slots = 4

// shard is one partition with its rows, owned by this instance since epoch.
type shard struct {
	client    *kgo.Client
	pool      *pgxpool.Pool
	partition int32
	epoch     int64
	seq       int64 // the last batch saved
	next      int64
	records   chan []*kgo.Record
	ended     chan struct{}
	flights   [slots]sync.WaitGroup // outputs under way, by seq % slots
	landed    int64                 // every batch up to this one is acknowledged
}

// claim takes the shard over: raises its epoch and publishes again what may not have been published.
func claim(ctx context.Context, client *kgo.Client, pool *pgxpool.Pool, partition int32) (*shard, error) {
	s := &shard{client: client, pool: pool, partition: partition,
		records: make(chan []*kgo.Record, 4), ended: make(chan struct{})}
	var published int64
	err := pool.QueryRow(ctx, `UPDATE shard SET epoch = epoch + 1 WHERE shard = $1
		RETURNING epoch, batch_seq, published_seq, next_offset`, partition).
		Scan(&s.epoch, &s.seq, &published, &s.next)
	if err != nil {
		return nil, err
	}
	rows, err := pool.Query(ctx, `SELECT records FROM output WHERE shard = $1 AND batch_seq > $2
		ORDER BY batch_seq`, partition, published)
	if err != nil {
		return nil, err
	}
	batches, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if err != nil {
		return nil, err
	}
	for _, bytes := range batches {
		var again kept.Kept
		if err := again.UnmarshalVT(bytes); err != nil {
			return nil, err
		}
		if err := client.ProduceSync(ctx, produced(&again)...).FirstErr(); err != nil {
			return nil, err
		}
	}
	s.landed = s.seq
	return s, nil
}

// run handles what has queued up, at most batchMax records at a time.
func (s *shard) run(ctx context.Context) {
	defer close(s.ended)
	var queue []*kgo.Record
	for {
		if len(queue) == 0 {
			more, open := <-s.records
			if !open {
				return
			}
			queue = more
		}
		for len(queue) < batchMax && len(s.records) > 0 {
			queue = append(queue, <-s.records...)
		}
		n := min(len(queue), batchMax)
		if err := s.handle(ctx, queue[:n]); err != nil {
			if ctx.Err() == nil {
				log.Fatalf("shard %d: %v", s.partition, err)
			}
			return
		}
		queue = queue[n:]
	}
}

func (s *shard) stop() {
	close(s.records)
	<-s.ended
}

func (s *shard) handle(ctx context.Context, records []*kgo.Record) error {
	batch, err := decode(records)
	if err != nil {
		return err
	}
	if err := s.load(ctx, batch); err != nil {
		return err
	}
	outputs := batch.decide()
	if err := s.save(ctx, batch, outputs); err != nil {
		return err
	}
	s.publish(outputs)
	s.client.MarkCommitRecords(records[len(records)-1])
	return nil
}

func (s *shard) load(ctx context.Context, b *batch) error {
	rows, err := s.pool.Query(ctx, `SELECT k.n, t.requests, t.version
		FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k(merchant_id, order_id, n)
		JOIN tally t ON (t.merchant_id, t.order_id) = (k.merchant_id, k.order_id)`,
		b.merchants, b.orders)
	if err != nil {
		return err
	}
	var n, requests, version int64
	_, err = pgx.ForEachRow(rows, []any{&n, &requests, &version}, func() error {
		b.requests[n-1], b.versions[n-1] = requests, version
		return nil
	})
	return err
}

// save sends one implicit transaction: it fails as a whole if somebody else owns the shard by now.
func (s *shard) save(ctx context.Context, b *batch, outputs *kept.Kept) error {
	bytes, err := outputs.MarshalVT()
	if err != nil {
		return err
	}
	next, seq := b.last+1, s.seq+1
	s.flights[seq%slots].Wait()
	s.landed = max(s.landed, seq-slots)
	var unit pgx.Batch
	unit.Queue(`WITH moved AS (
			UPDATE shard SET batch_seq = $3 + 1, published_seq = $4, next_offset = $5
			WHERE shard = $1 AND epoch = $2 AND batch_seq = $3 RETURNING 1)
		SELECT require((SELECT count(*) FROM moved), 1)`,
		s.partition, s.epoch, s.seq, s.landed, next)
	unit.Queue(`INSERT INTO tally
		SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])
		ON CONFLICT (merchant_id, order_id)
		DO UPDATE SET requests = excluded.requests, version = excluded.version`,
		b.merchants, b.orders, b.requests, b.versions)
	unit.Queue(`INSERT INTO output VALUES ($1, $2, $3, $4) ON CONFLICT (shard, slot)
		DO UPDATE SET batch_seq = excluded.batch_seq, records = excluded.records`,
		s.partition, seq%slots, seq, bytes)
	if err := s.pool.SendBatch(ctx, &unit).Close(); err != nil {
		return fmt.Errorf("saving batch %d: %w", seq, err)
	}
	s.seq, s.next = seq, next
	return nil
}

// publish does not wait; a slot is used again only when its outputs are acknowledged.
func (s *shard) publish(outputs *kept.Kept) {
	flight := &s.flights[s.seq%slots]
	flight.Add(len(outputs.Records))
	for _, record := range produced(outputs) {
		s.client.Produce(context.Background(), record, func(_ *kgo.Record, err error) {
			if err != nil {
				log.Fatalf("publishing: %v", err)
			}
			flight.Done()
		})
	}
}

func produced(outputs *kept.Kept) []*kgo.Record {
	records := make([]*kgo.Record, len(outputs.Records))
	for i, output := range outputs.Records {
		headers := make([]kgo.RecordHeader, len(output.Headers))
		for j, header := range output.Headers {
			headers[j] = kgo.RecordHeader{Key: header.Name, Value: []byte(header.Value)}
		}
		records[i] = &kgo.Record{Topic: outputTopic, Key: []byte(output.Key), Value: output.Value,
			Headers: headers}
	}
	return records
}
