#include "core/error.hpp"
#include "scheduler/asha.hpp"
#include "scheduler/hyperband.hpp"
#include "scheduler/random_search.hpp"
#include "scheduler/sha.hpp"
#include "study.hpp"

namespace stemma::study {

std::unique_ptr<Scheduler> make_scheduler(const std::string& name, std::uint32_t eta, Resource min, Resource max,
                                          std::uint64_t members, std::uint64_t seed) {
    AshaSettings asha;
    asha.min = min;
    asha.max = max;
    asha.eta = eta;
    asha.seed = seed;
    ShaSettings sha;
    sha.members = members;
    sha.min = min;
    sha.max = max;
    sha.eta = eta;
    if (name == "random") return make_random_search({.max = max});
    if (name == "sha") return make_sha(sha);
    if (name == "sha_more_brackets") {
        sha.repeat_brackets = true;
        return make_sha(sha);
    }
    if (name == "hyperband") return make_hyperband({.min = min, .max = max, .eta = eta});
    if (name == "asha") return make_asha(asha);
    if (name == "asha_stopping") {
        asha.variant = AshaVariant::stopping;
        return make_asha(asha);
    }
    if (name == "asha_hyperband") {
        asha.brackets = 5;
        return make_asha(asha);
    }
    throw UserError("no scheduler is called " + name);
}

}  // namespace stemma::study
