/* Whether a decision is genuine: signed with a key of the roster. */

#include "routing_internal.h"

#include "signature.h"

_Static_assert((int)ROSTER_KEY_SIZE == (int)SIGNATURE_PUBLIC_SIZE, "size of an Ed25519 key");

bool decision_genuine(const struct roster *roster, const struct roster_person *actor,
                      const struct decision *decision)
{
    const struct roster_key *key = roster_key(roster, actor, decision->key_id);
    return key != NULL && signature_holds(key->bytes, decision->signed_bytes, decision->signed_size,
                                          decision->signature, decision->signature_size);
}
