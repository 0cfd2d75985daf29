// Which hyperparameters of a space may move during training.
#include <algorithm>
#include <sstream>

#include "core/error.hpp"
#include "space/search_space.hpp"
#include "trainer/hypergradient.hpp"

namespace stemma {
namespace {

/// The update's own hyperparameter: one_minus_beta1 moves beta1.
std::string moved_name(const std::string& name) {
    const std::string prefix = "one_minus_";
    return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

/// A moving learning rate is kept in [1e-10, 1], as by the authors. A member that began outside would jump there at
/// once.
void check_learning_rate(const SearchSpace& space) {
    const auto found = space.find("lr");
    if (!found || !moves_in_training(space[*found].role)) return;
    const auto& range = std::get<Real>(space[*found].domain);
    const auto refuse = [](const char* what, double value) {
        std::ostringstream text;  // to_string() would show 1e-12 as 0
        text << "space.lr." << what << " where lr moves during training, which keeps it in [1e-10, 1]; got " << value;
        throw UserError(text.str());
    };
    if (range.high > 1) refuse("high must be <= 1", range.high);
    if (range.low < 1e-10) refuse("low must be >= 1e-10", range.low);
}

std::string listed(const std::vector<std::string>& names) {
    std::string list;
    for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
    return list.empty() ? "nothing" : list;
}

}  // namespace

void check_moving(const std::optional<HypergradientSettings>& settings, const SearchSpace& space) {
    std::vector<std::string> with_role;
    for (const auto& parameter : space.parameters()) {
        if (moves_in_training(parameter.role)) with_role.push_back(parameter.name);
    }
    if (!settings) {
        if (with_role.empty()) return;
        throw UserError("space." + with_role.front() + ".role = \"hypergradient\" needs [trainer.hypergradient]");
    }
    check_hypergradient_settings(*settings);
    check_learning_rate(space);
    const auto& variant = settings->variant;
    const std::vector<std::string> all = {"lr", "weight_decay", "momentum", "beta1", "beta2"};
    const auto movable = moved_by(variant);
    bool any = movable.empty();
    for (const auto& name : with_role) {
        if (std::find(all.begin(), all.end(), moved_name(name)) == all.end()) {
            throw UserError("space." + name + ".role = \"hypergradient\": only hyperparameters of the weight update " +
                            "can move during training (" + listed(all) + "); use \"fixed\" or \"mutable\"");
        }
        any = any || std::find(movable.begin(), movable.end(), moved_name(name)) != movable.end();
    }
    if (any) return;
    throw UserError("trainer.hypergradient.variant = \"" + variant +
                    "\" has nothing to move: give role = \"hypergradient\" to one of " + listed(movable) +
                    " in [space], or use another variant");
}

}  // namespace stemma
