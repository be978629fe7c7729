/* The payout protocol of services/settlement: one payout, one provider, two instances.
 *
 * The row (RESERVED, SUBMITTED, UNKNOWN, DONE, MANUAL) belongs to whoever owns the shard; the
 * sender works from a job that it was given, and may stand still for as long as SEND_WINDOW lets
 * it: behind that it does not start the call any more. A call takes up to one tick to arrive, its
 * answer may be lost, the process may be killed anywhere. The provider keeps a key for KEY_LIFE
 * ticks; what it did shows in a look-up one tick later at the latest. Time passes in ticks, and not
 * while something is due that time bounds.
 *
 * LOOKUP      the provider can be asked (Stripe); else only the same key and bytes again, within
 *             the key's life, tell (Adyen, PayPal).
 *
 * Promises, each an assertion:
 *   once     the provider pays once                                            (in arrive)
 *   honest   a payout that counts as paid is paid, one that counts as free is not  (in learn, arrive)
 *   ends     when time is over the payout is paid, or with a person            (in finish)
 *
 * Planted bugs: BROKEN_NEW_KEY (again under another key), BROKEN_NOT_FOUND (the first "not found"
 * frees the money), BROKEN_UNSAVED (the call leaves before SUBMITTED is saved), BROKEN_KEY_LIFE (the
 * same key again however old it is), BROKEN_WINDOW (a call starts however late it is). */

#define INSTANCES 2
#define END 13           /* ticks */
#ifdef BROKEN_UNSAVED
#define START_BY END
#else
#define START_BY 2       /* later first calls would not end before time does */
#endif
#define SEND_WINDOW 1    /* a call that was decided at t starts until t + 1 */
#define ARRIVAL 1        /* and arrives a tick later at the latest */
#define VISIBLE 1        /* what was done can be seen a tick later */
#define KEY_LIFE 8
#define MARGIN 2         /* the same key again only until KEY_LIFE - MARGIN: window and arrival */
#ifndef TROUBLES
#define TROUBLES 2       /* kills and lost answers */
#endif
#ifndef CLAIMS
#define CLAIMS 4
#endif

mtype = { RESERVED, SUBMITTED, UNKNOWN, DONE, MANUAL, FREED };

/* PostgreSQL */
mtype state = RESERVED;
byte epoch, decided_at, first_at;
bool again;  /* not the first call */

byte now, troubles;

/* The provider. Keys: 1 is the payout's id. */
byte effects, key_at, effect_at;
bool key_known;

/* Calls under way: key and when they left. One per instance at a time. */
byte call_key[INSTANCES], call_left[INSTANCES];
bool under_way[INSTANCES], answer_wanted[INSTANCES], answered[INSTANCES];

/* When an instance was told to send; a call that has not started by the end of its window is
 * dropped at the moment of starting it. */

inline arrive(i)
{
    atomic {
        under_way[i] ->
        under_way[i] = false;
        if
        :: key_known && call_key[i] == 1 -> skip        /* the saved answer again */
        :: else ->
            effects++;
            assert(effects <= 1);                       /* once */
            assert(state != FREED);                     /* honest */
            effect_at = now;
            if
            :: call_key[i] == 1 -> key_known = true; key_at = now
            :: else
            fi
        fi;
        call_key[i] = 0; call_left[i] = 0;
        if
        :: answer_wanted[i] -> answered[i] = true
        :: else
        fi;
        answer_wanted[i] = false
    }
}

active proctype provider()
{
end:
    do
    :: arrive(0)
    :: arrive(1)
    :: atomic { key_known && now >= key_at + KEY_LIFE -> key_known = false }
    od
}

#define late(i) (under_way[i] && now >= call_left[i] + ARRIVAL)

active proctype time()
{
end:
    do
    :: atomic { now < END && !late(0) && !late(1) -> now++ }
    od
}

/* Provider's answer, a look-up or a webhook, applied by the owner. */
inline learn_paid()
{
    assert(effects == 1);                               /* honest */
    state = DONE
}

#ifdef BROKEN_KEY_LIFE
#define key_is_young (true)
#else
#define key_is_young (now + MARGIN < first_at + KEY_LIFE)
#endif

#define not_found_counts (now > decided_at + SEND_WINDOW + ARRIVAL + VISIBLE)

#ifdef BROKEN_WINDOW
#define may_start (true)
#else
#define may_start (now <= job_at + SEND_WINDOW)
#endif

inline send_again(under)
{
    state = SUBMITTED; again = true; job = true; job_at = now; decided_at = now; key = under
}

proctype instance(byte me)
{
    byte mine, job_at, key;
    bool job;

claim:
    atomic {
        if
        :: epoch < CLAIMS
        :: epoch >= CLAIMS -> answered[me] = false; answer_wanted[me] = false; goto stand_by
        fi;
        epoch++; mine = epoch; job = false; job_at = 0; answered[me] = false;
        answer_wanted[me] = false
    };
    do
    :: atomic { /* decide to send, saved before the first byte leaves */
        epoch == mine && !job && !under_way[me] && state == RESERVED && now <= START_BY ->
        job = true; job_at = now; key = 1; first_at = now; decided_at = now;
#ifndef BROKEN_UNSAVED
        state = SUBMITTED
#endif
      }
    :: atomic { /* the sender starts the call, or finds that it is too late for it */
        job && !under_way[me] ->
        job = false;
        if
        :: may_start -> under_way[me] = true; call_key[me] = key; call_left[me] = now;
            answer_wanted[me] = true
        :: !may_start && epoch == mine && state == SUBMITTED ->
            if
            :: again -> state = UNKNOWN         /* an earlier call may have arrived */
            :: !again -> state = RESERVED       /* nothing was sent: as if it had not been decided */
            fi
        :: !may_start && !(epoch == mine && state == SUBMITTED)
        fi;
        job_at = 0
      }
    :: atomic { answered[me] -> answered[me] = false;
        if
        :: epoch == mine -> learn_paid()
        :: epoch != mine /* it reaches the owner through the topic, which is the same */ ->
            if
            :: state != DONE -> learn_paid()
            :: else
            fi
        fi }
    :: atomic { answered[me] && troubles < TROUBLES ->  /* the answer is lost */
        answered[me] = false; troubles++;
        if
        :: epoch == mine && state == SUBMITTED -> state = UNKNOWN
        :: else
        fi }
    :: atomic { /* nothing came: after the time-out, or at once for what an old owner sent */
        epoch == mine && state == SUBMITTED && !job && !under_way[me] && !answered[me] ->
        state = UNKNOWN }
#ifdef LOOKUP
    :: atomic { epoch == mine && state == UNKNOWN && effects == 1 -> learn_paid() }
    :: atomic { /* a look-up sees nothing: there is nothing, or it does not show yet */
        epoch == mine && state == UNKNOWN && (effects == 0 || now <= effect_at + VISIBLE) &&
        not_found_counts && key_is_young && !job && !under_way[me] ->
        send_again(1) }
#ifdef BROKEN_NOT_FOUND
    :: atomic { epoch == mine && state == UNKNOWN && effects == 0 -> state = FREED }
#endif
#ifdef BROKEN_NEW_KEY
    :: atomic { epoch == mine && state == UNKNOWN && !job && !under_way[me] -> send_again(2) }
#endif
#else
    :: atomic { /* the same key and the same bytes tell what became of the first call */
        epoch == mine && state == UNKNOWN && key_is_young && !job && !under_way[me] ->
        send_again(1) }
#ifdef BROKEN_NEW_KEY
    :: atomic { epoch == mine && state == UNKNOWN && !job && !under_way[me] -> send_again(2) }
#endif
#endif
    :: atomic { /* past the life of the key only a person, or a webhook, can tell */
        epoch == mine && state == UNKNOWN && !(now + MARGIN < first_at + KEY_LIFE) ->
        state = MANUAL }
    :: atomic { (state == MANUAL || state == UNKNOWN) && effects == 1 && epoch == mine ->
        learn_paid() }  /* its webhook */
    :: atomic { epoch != mine && epoch < CLAIMS && !job -> skip }; goto claim  /* takes it again */
    :: atomic { troubles < TROUBLES && epoch < CLAIMS -> troubles++; job = false; job_at = 0;
        answered[me] = false; answer_wanted[me] = false }; goto claim  /* killed, started again */
    :: atomic { now == END && !job && !under_way[0] && !under_way[1] && epoch == mine &&
        !answered[0] && !answered[1] && state != SUBMITTED && state != UNKNOWN &&
        !(state == RESERVED && now <= START_BY) ->
        assert(state == MANUAL || effects == 1 || state == RESERVED) }; break                  /* ends */
    :: atomic { epoch != mine && !job && !under_way[me] && !answered[me] -> break }
    od;
stand_by:
    skip
}

init { atomic { run instance(0); run instance(1) } }
