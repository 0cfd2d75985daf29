#include "schedulers.hpp"

#include "core/error.hpp"
#include "scheduler/asha.hpp"
#include "scheduler/hyperband.hpp"
#include "scheduler/random_search.hpp"
#include "scheduler/sha.hpp"

namespace stemma::testing {

std::unique_ptr<Scheduler> make_scheduler(Kind kind, std::uint32_t eta, Resource max, std::uint64_t members,
                                          std::uint64_t seed) {
    AshaSettings asha;
    asha.max = max;
    asha.eta = eta;
    asha.seed = seed;
    switch (kind) {
        case Kind::random:
            return make_random_search({.max = max});
        case Kind::sha:
            return make_sha({.members = members, .max = max, .eta = eta, .repeat_brackets = seed % 2 == 0});
        case Kind::hyperband:
            return make_hyperband({.max = max, .eta = eta});
        case Kind::asha:
            return make_asha(asha);
        case Kind::asha_stopping:
            asha.variant = AshaVariant::stopping;
            return make_asha(asha);
        case Kind::asha_hyperband:
            asha.brackets = 3;
            return make_asha(asha);
    }
    unreachable("a case has one of the schedulers");
}

}  // namespace stemma::testing
