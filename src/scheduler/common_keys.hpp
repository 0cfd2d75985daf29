#pragma once
// Keys that several schedulers have in common. The reference shows a key once where name, range and meaning are equal.

#include "options/field.hpp"
#include "options/make_key.hpp"
#include "scheduler/scheduler.hpp"

namespace stemma::scheduler_keys {

inline constexpr double training_max = 1e15;  ///< exact in a double, far beyond use
inline constexpr Range count{1, training_max};
inline constexpr auto unit = "the trainer's unit";

/// For a settings struct with a member `max`, and so on.
template <class S>
Field<S> max() {
    using namespace make_key;
    return setting(&S::max,
                   required(in_unit(unit, integer("max", count,
                                                  "R: what a member (pbt, gpbt: a lineage) is trained to at "
                                                  "most, counted from scratch. It can be raised on resume."))));
}

template <class S>
Field<S> min() {
    using namespace make_key;
    return setting(
        &S::min,
        in_unit(unit,
                integer("min", count,
                        "r: training before the first comparison. The rungs are min * eta^k, and max as the top rung. "
                        "For sha and hyperband the rungs are floor(max / eta^k), of which none is below r.")));
}

template <class S>
Field<S> eta() {
    using namespace make_key;
    return setting(
        &S::eta,
        integer("eta", {2, 1000},
                "One in eta members of a rung is promoted. Each rung trains eta times as long as the rung below."));
}

template <class S>
Field<S> early_stopping_rate() {
    using namespace make_key;
    return setting(&S::early_stopping_rate,
                   integer("early_stopping_rate", {0, 62},
                           "s: the s lowest rungs are left out. Larger means more patience with slow starters."));
}

template <class S>
Field<S> brackets(const S& defaults = {}) {
    using namespace make_key;
    return setting(&S::brackets,
                   integer("brackets", {0, 64},
                           "Number of brackets, from the most eager one (s = 0) on; 0 = as many as fit between min and "
                           "max."),
                   defaults);
}

template <class S>
Field<S> interval() {
    using namespace make_key;
    return setting(&S::interval, in_unit(unit, integer("interval", count, "Training between two selections.")));
}

}  // namespace stemma::scheduler_keys
