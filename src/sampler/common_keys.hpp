#pragma once
// Keys that several samplers with models have.

#include <utility>

#include "options/field.hpp"
#include "options/make_key.hpp"

namespace stemma {

/// For a settings struct with a member `startup`. Its default differs between samplers and schedulers.
template <class S>
Field<S> startup_field() {
    using namespace make_key;
    Key key =
        default_is("tpe: 10, gp: parameters + 1; with scheduler.type = \"gpbt\": (founders - 1) * children, at least 1",
                   integer("startup", {1, 1e6},
                           "Number of observed members from which on the model proposes; before that, draws are "
                           "random. With scheduler.type = \"gpbt\", members in training count too, once one has been "
                           "observed. With as many workers as founders, all founders are then random draws."));
    // 0 in the settings of a sampler that has yet to fill in its default.
    auto load = [key](const S& settings) {
        return settings.startup == 0 ? std::nullopt : value_of(settings.startup, key);
    };
    return {std::move(key), into(&S::startup), std::move(load)};
}

/// For a settings struct with a member `look_below`.
template <class S>
Field<S> look_below_field() {
    using namespace make_key;
    return setting(&S::look_below,
                   flag("look_below",
                        "Where a linear range spans three decades, such as 1e-4 .. 1, the model works on a scale of "
                        "which four fifths are logarithmic. It then finds small values that even draws hardly ever "
                        "meet. Published methods do not."));
}

}  // namespace stemma
