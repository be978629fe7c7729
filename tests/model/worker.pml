/* The worker protocol of common/worker: one shard, two instances, kills, zombies, unknown commits.
 *
 * What is modelled: the claim (epoch), the save by compare-and-set on (epoch, seq), the ring of
 * unpublished outputs, publication over a connection that outlives its sender, re-emission at a
 * claim. An instance may lose its connection or be killed between any two steps; it may also stand
 * still for as long as it likes while the other claims, which is a zombie.
 *
 * There are three batches: two made of an event, and one made of a deadline only, which moves no
 * offset. The deadline is set by the first event. What a batch publishes is named by its seq.
 *
 * Promises, each an assertion:
 *   once       an event or a deadline is applied once                             (in apply)
 *   order      the first occurrences of outputs come in order of their seq        (in deliver)
 *   kept       a slot is used again only when what it held is in Kafka's log      (in apply)
 *   honest     published_seq never covers an output that is not in the log        (in apply)
 *   whole      when nothing is left to do, everything is applied and in the log   (in idle)
 *
 * Planted bugs, each found by the run named in model_test.py:
 *   BROKEN_NO_CAS        the save does not compare what it believes in
 *   BROKEN_REEMIT        outputs are published again only if the batch moved an offset
 *   BROKEN_EARLY         a batch counts as published when it was handed over
 *   BROKEN_SLOT          a slot is used again without waiting for its acknowledgement
 *   BROKEN_OFFSET_FIRST  the offset is moved in a transaction of its own, before the rows */

#define WORKERS 2
#define RING 2      /* WORKER_UNPUBLISHED_MAX */
#define EVENTS 2
#define DEADLINE 3  /* as a cause beside the events 1 and 2 */
#define BATCHES 3
#ifndef TROUBLES
#define TROUBLES 2  /* kills and broken connections, together */
#endif
#define LIVES 4     /* connections to Kafka: WORKERS + TROUBLES, at most */
#ifndef CLAIMS
#define CLAIMS 5    /* after these, an instance that lost the shard stands by */
#endif

/* PostgreSQL: all of it is durable. */
byte epoch, seq, published, next_offset = 1;
byte slot[RING];
byte cause_of[BATCHES + 2];
byte applied[DEADLINE + 1];
bool deadline_set;

/* What becomes of a save. */
#define ANSWERED 1
#define ANSWER_LOST 2    /* committed, and nobody knows */
#define NOT_SENT 3       /* the connection broke before the commit */
#define KILLED_BEFORE 4
#define KILLED_AFTER 5

/* Kafka's log of the output topic. */
bool present[BATCHES + 2];

/* What was sent over a connection and has not arrived: (seq, epoch of the sender's claim). */
chan wire[LIVES] = [BATCHES * 2] of { byte, byte };
byte acknowledged[LIVES];  /* highest seq acknowledged of the current claim */
byte claim_of[LIVES];      /* the claim that acknowledgements count for */
byte lives, troubles;

#ifdef BROKEN_REEMIT
#define worth_again(s) (cause_of[s] != DEADLINE)
#else
#define worth_again(s) (true)
#endif

#ifdef BROKEN_SLOT
#define may_save() (true)
#else
#define may_save() (my_seq + 1 - acknowledged[life] <= RING)
#endif

#ifdef BROKEN_EARLY
#define believed_published my_seq
#else
#define believed_published acknowledged[life]
#endif

inline deliver(life)
{
    atomic {
        wire[life] ? s_in, claim_in;
        assert(s_in == 1 || present[s_in - 1]);                       /* order */
        present[s_in] = true;
        if
        :: claim_in == claim_of[life] && s_in > acknowledged[life] -> acknowledged[life] = s_in
        :: else
        fi;
        s_in = 0; claim_in = 0
    }
}

active proctype kafka()
{
    byte s_in, claim_in;
end:
    do
    :: nempty(wire[0]) -> deliver(0)
    :: nempty(wire[1]) -> deliver(1)
    :: nempty(wire[2]) -> deliver(2)
    :: nempty(wire[3]) -> deliver(3)
    od
}

/* The transaction: everything or nothing, if the row is as the worker believes. */
inline apply()
{
#ifdef BROKEN_NO_CAS
    saved = true;
#else
    saved = (epoch == my_epoch && seq == my_seq);
#endif
    if
    :: saved ->
        assert(applied[cause] == 0);                                  /* once */
        applied[cause]++;
        seq = my_seq + 1;
        cause_of[seq] = cause;
        assert(slot[seq % RING] == 0 || present[slot[seq % RING]]);   /* kept */
        slot[seq % RING] = seq;
        published = believed_published;
        assert(published == 0 || present[published]);                 /* honest */
        if
        :: cause == DEADLINE -> deadline_set = false
        :: else ->
            deadline_set = (deadline_set || cause == 1);
#ifndef BROKEN_OFFSET_FIRST
            next_offset = cause + 1
#endif
        fi
    :: else
    fi
}

inline move_offset_first()
{
#ifdef BROKEN_OFFSET_FIRST
    if
    :: cause != DEADLINE && epoch == my_epoch -> next_offset = cause + 1
    :: else
    fi
#else
    skip
#endif
}

/* What an instance that starts again does not know any more. */
inline forget()
{
    my_epoch = 0; my_seq = 0; my_next = 0; my_deadline = false; saved = false; outcome = 0
}

/* Nothing is lost at any end: what is applied is complete and published. */
inline check_whole()
{
    assert(applied[1] == 1 && applied[2] == 1 && applied[DEADLINE] == 1);
    assert(present[1] && present[2] && present[3])                    /* whole */
}

proctype worker()
{
    byte life, my_epoch, my_seq, my_next, cause, again, outcome;
    bool saved, my_deadline;

start:
    atomic { life = lives; lives++ };
claim:
    /* The row is locked: epoch, seq, slots, offsets and deadlines are read together. What is
     * published again leaves over the connection, in order. */
    atomic {
        epoch++;
        my_epoch = epoch; my_seq = seq; my_next = next_offset; my_deadline = deadline_set;
        claim_of[life] = my_epoch;
        acknowledged[life] = published;
        again = published + 1;
        do
        :: again <= my_seq && worth_again(again) -> wire[life] ! again, my_epoch; again++
        :: again <= my_seq && !worth_again(again) -> acknowledged[life] = again; again++
        :: again > my_seq -> again = 0; break
        od
    };
    do
    :: atomic { /* a batch: the save, and what becomes of it */
        (my_next <= EVENTS || my_deadline) && may_save() ->
        if
        :: my_next <= EVENTS -> cause = my_next
        :: my_deadline -> cause = DEADLINE
        fi;
        move_offset_first();
        if
        :: skip -> outcome = ANSWERED
        :: troubles < TROUBLES -> troubles++; outcome = ANSWER_LOST
        :: troubles < TROUBLES -> troubles++; outcome = NOT_SENT
        :: troubles < TROUBLES -> troubles++; outcome = KILLED_BEFORE
        :: troubles < TROUBLES -> troubles++; outcome = KILLED_AFTER
        fi;
        saved = false;
        if
        :: outcome == ANSWERED || outcome == ANSWER_LOST || outcome == KILLED_AFTER -> apply()
        :: else
        fi;
        if
        :: saved && outcome == ANSWERED ->
            my_seq++;
            if
            :: cause == DEADLINE -> my_deadline = false
            :: else -> my_next = cause + 1; my_deadline = (my_deadline || cause == 1)
            fi
        :: else
        fi;
        cause = 0
      };
      if
      :: atomic { outcome == ANSWERED && saved -> saved = false; outcome = 0 };
        if
        :: atomic { wire[life] ! my_seq, my_epoch }
        :: atomic { troubles < TROUBLES -> troubles++; forget() }; goto start
        fi
      :: atomic { outcome == ANSWERED && !saved && epoch < CLAIMS -> forget() }; goto claim
      :: atomic { outcome == ANSWERED && !saved && epoch >= CLAIMS -> forget() }; break
      :: atomic { outcome == ANSWER_LOST || outcome == NOT_SENT -> forget() }; goto claim
      :: atomic { outcome == KILLED_BEFORE || outcome == KILLED_AFTER -> forget() }; goto start
      fi
    :: atomic { my_next > EVENTS && !my_deadline && epoch == my_epoch &&
                acknowledged[life] == my_seq -> check_whole(); forget() }; break
    :: atomic { epoch != my_epoch -> forget() }; break  /* stands by */
    od
}

init { atomic { run worker(); run worker() } }
