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

}  // namespace stemma
