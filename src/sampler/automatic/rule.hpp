#pragma once
// Which sampler sampler.type = "auto" takes, and why. Pure: the same facts give the same decision.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "space/search_space.hpp"

namespace stemma {

/// Numbers of the event sampler_chosen in run files.
enum class AutomaticChoice : std::uint8_t { random = 0, tpe = 1, gp = 2 };

/// "a Gaussian process", "multivariate TPE", "random draws".
std::string_view name_of(AutomaticChoice choice);

/// What is known of a search before it begins.
struct SearchFacts {
    std::size_t numbers = 0;           ///< ranges, steps and ordinals with several values
    std::size_t choices = 0;           ///< categoricals with several values
    std::uint64_t configurations = 0;  ///< from scratch, that the budget pays for; 0 = not known
    std::size_t objectives = 1;        ///< metrics that the search optimizes
};

SearchFacts facts_of(const SearchSpace& space, std::uint64_t configurations);

struct AutomaticDecision {
    AutomaticChoice choice = AutomaticChoice::random;
    std::string reason;  ///< "5 numbers and 1 choice, 100 configurations"
};

/// The Gaussian process up to 20 parameters and 300 configurations, and where the number of configurations is not
/// known: then the cost decides. Beyond, multivariate TPE. Random draws where a model would hardly begin: for no more
/// configurations than parameters plus one. Random draws too with several objectives, which no model learns. Measured
/// on 15 tables and 36 BBOB functions (d = 2, 5, 10; 100 evaluations): mean rank of eight samplers 2.8 for the
/// process, 3.5 for multivariate TPE, 6.8 for random draws. The process came first in spaces of numbers and of choices
/// alike, and lost nothing with 8 evaluations out. So neither kinds of parameters nor workers enter here.
AutomaticDecision planned(const SearchFacts& facts);

/// What a proposal costs beside what it is for.
struct ProposalCost {
    double proposal = 0;    ///< seconds on rank 0
    double training = 0;    ///< seconds, from one report to the next
    std::uint64_t out = 1;  ///< trainings out at a time; >= 1
};

/// Share of a training that a proposal may take.
inline constexpr double proposal_share_max = 0.05;
/// Share of rank 0's time that the proposals of all workers may take.
inline constexpr double busy_share_max = 0.5;

/// True if a proposal takes at most 5 % of a training. The proposals for all trainings that are out must also keep rank
/// 0 busy for at most half of the time.
bool affordable(const ProposalCost& cost);

/// "a proposal takes 3.2 ms, 0.4 % of a training (8 out)".
std::string text_of(const ProposalCost& cost);

}  // namespace stemma
