#include "sampler/automatic/rule.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"

namespace stemma {
namespace {

constexpr std::size_t gp_parameters_max = 20;
constexpr std::uint64_t gp_configurations_max = 300;

std::string counted(std::uint64_t count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string text_of(const SearchFacts& facts) {
    auto text = counted(facts.numbers, "number");
    if (facts.choices > 0) text += " and " + counted(facts.choices, "choice");
    return text + ", " +
           (facts.configurations == 0 ? "no known number of configurations"
                                      : counted(facts.configurations, "configuration"));
}

std::string seconds_text(double seconds) {
    return seconds < 1 ? fmt::format("{:.2g} ms", 1000 * seconds) : fmt::format("{:.3g} s", seconds);
}

}  // namespace

std::string_view name_of(AutomaticChoice choice) {
    switch (choice) {
        case AutomaticChoice::random:
            return "random draws";
        case AutomaticChoice::tpe:
            return "multivariate TPE";
        case AutomaticChoice::gp:
            return "a Gaussian process";
    }
    unreachable("a choice is one of the samplers");
}

SearchFacts facts_of(const SearchSpace& space, std::uint64_t configurations) {
    SearchFacts facts{.configurations = configurations};
    for (std::size_t i = 0; i < space.size(); ++i) {
        if (space.axis(i).constant() || space.axis(i).count() == 1) continue;
        ++(std::holds_alternative<Categorical>(space[i].domain) ? facts.choices : facts.numbers);
    }
    return facts;
}

AutomaticDecision planned(const SearchFacts& facts) {
    const auto parameters = facts.numbers + facts.choices;
    const auto text = text_of(facts);
    if (parameters == 0) return {AutomaticChoice::random, "there is nothing to search"};
    if (facts.objectives > 1)
        return {AutomaticChoice::random,
                fmt::format("{}: models learn from one metric", counted(facts.objectives, "metric"))};
    if (facts.configurations > 0 && facts.configurations <= parameters + 1)
        return {AutomaticChoice::random, text + ": too few for a model"};
    if (parameters > gp_parameters_max)
        return {AutomaticChoice::tpe, fmt::format("{}: more than {} parameters", text, gp_parameters_max)};
    if (facts.configurations > gp_configurations_max)
        return {AutomaticChoice::tpe, fmt::format("{}: more than {}", text, gp_configurations_max)};
    return {AutomaticChoice::gp, text};
}

bool affordable(const ProposalCost& cost) {
    const auto out = static_cast<double>(std::max<std::uint64_t>(1, cost.out));
    return cost.proposal <= proposal_share_max * cost.training && cost.proposal * out <= busy_share_max * cost.training;
}

std::string text_of(const ProposalCost& cost) {
    const auto share = cost.training > 0 ? fmt::format("{:.2g} %", 100 * cost.proposal / cost.training) : "more";
    return fmt::format("a proposal takes {}, {} of a training ({} out)", seconds_text(cost.proposal), share, cost.out);
}

}  // namespace stemma
