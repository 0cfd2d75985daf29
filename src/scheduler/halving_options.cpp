// The keys of sha and hyperband, and the plans of their searches.
#include "scheduler/halving_options.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "scheduler/common_keys.hpp"
#include "scheduler/hyperband.hpp"
#include "scheduler/preview.hpp"
#include "scheduler/rungs.hpp"
#include "scheduler/sha.hpp"

namespace stemma {

using namespace make_key;

std::vector<Contradiction> halving_contradictions(Resource min, Resource max, std::int64_t eta, int early_stopping_rate,
                                                  int brackets) {
    const auto limit = std::to_string(max);
    const std::vector<std::string> beside{"min", "max", "eta"};
    if (min > max) return {{"min", "must be <= max = " + limit + "; got " + std::to_string(min), beside}};
    const int fit = bracket_count(min, max, eta);
    std::vector<Contradiction> problems;
    if (early_stopping_rate >= fit) {
        problems.push_back({"early_stopping_rate",
                            "must be <= " + std::to_string(fit - 1) + " so that min * eta^s <= max = " + limit +
                                "; got " + std::to_string(early_stopping_rate),
                            beside});
    }
    if (brackets > fit) {
        problems.push_back({"brackets",
                            "must be <= " + std::to_string(fit) + ", as many as fit between min and max; got " +
                                std::to_string(brackets),
                            beside});
    }
    return problems;
}

std::vector<RungRow> expected_rungs(const ShaSettings& settings, std::uint64_t members) {
    ensure(settings.members > 0, "SHA's settings were checked");
    const auto resources = halving_resources(settings.min, settings.max, settings.eta, settings.early_stopping_rate);
    std::vector<RungRow> rows;
    const auto whole =
        settings.repeat_brackets ? members / settings.members : std::uint64_t{members >= settings.members};
    add_bracket(rows, 0, resources, settings.eta, settings.members, whole, 1);
    // The rest is a smaller bracket of its own.
    if (settings.repeat_brackets || whole == 0)
        add_bracket(rows, 0, resources, settings.eta, members - whole * settings.members, 1, 1);
    return rows;
}

SchedulerDescriptor sha_descriptor() {
    using namespace scheduler_keys;
    using S = ShaSettings;
    return {
        .name = "sha",
        .summary = "synchronous successive halving: a rung is waited for, then its best 1/eta go on, at least one",
        .traits = {.ends_by_itself = true, .early_results = true},
        .defaults = S(),
        .fields = {scheduler_keys::max<S>(), scheduler_keys::min<S>(), eta<S>(), early_stopping_rate<S>(),
                   setting(&S::members, required(integer("members", count, "n: members in the first rung.")))},
        .check =
            [](const S& settings) {
                return halving_contradictions(settings.min, settings.max, settings.eta, settings.early_stopping_rate,
                                              0);
            },
        .make = [](const S& settings, std::uint64_t) { return make_sha(settings); },
        .make_several = [](const S& settings, std::uint64_t,
                           std::size_t objectives) { return make_sha(settings, objectives); },
        .rungs = [](const S& settings, std::uint64_t members) { return expected_rungs(settings, members); },
        .plan = [](const S& settings) { return SchedulerPlan{.members = settings.members}; },
    };
}

std::vector<RungRow> expected_rungs(const HyperbandSettings& settings, std::uint64_t members) {
    const int count = hyperband_brackets(settings);
    std::vector<std::uint64_t> sizes;
    std::uint64_t cycle = 0;
    for (int b = 0; b < count; ++b) cycle += sizes.emplace_back(hyperband_members(settings, b));
    const std::uint64_t cycles = settings.repeat ? members / cycle : std::uint64_t{members >= cycle};
    auto left = settings.repeat || cycles == 0 ? members - cycles * cycle : 0;
    std::vector<RungRow> rows;
    for (int b = 0; b < count; ++b) {
        const auto resources = halving_resources(settings.min, settings.max, settings.eta, b);
        const auto size = sizes[static_cast<std::size_t>(b)];
        add_bracket(rows, b, resources, settings.eta, size, cycles, 1);
        const auto last = std::min(left, size);  // of the cycle that the members do not fill
        add_bracket(rows, b, resources, settings.eta, last, 1, 1);
        left -= last;
    }
    return rows;
}

SchedulerDescriptor hyperband_descriptor() {
    using namespace scheduler_keys;
    using S = HyperbandSettings;
    return {
        .name = "hyperband",
        .summary =
            "several sha brackets of about equal cost, from eager to patient, and again until the budget is "
            "spent; their sizes follow algorithm 1 of the paper (81, 34, 15, 8, 5 for max = 81 and eta = 3), not "
            "its table 1; raised max on resume, the best of each finished bracket goes on",
        .traits = {.early_results = true},
        .defaults = S(),
        .fields = {scheduler_keys::max<S>(), scheduler_keys::min<S>(), eta<S>(), brackets<S>()},
        .check =
            [](const S& settings) {
                return halving_contradictions(settings.min, settings.max, settings.eta, 0, settings.brackets);
            },
        .make = [](const S& settings, std::uint64_t) { return make_hyperband(settings); },
        .make_several = [](const S& settings, std::uint64_t,
                           std::size_t objectives) { return make_hyperband(settings, objectives); },
        .rungs = [](const S& settings, std::uint64_t members) { return expected_rungs(settings, members); },
    };
}

}  // namespace stemma
