#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.hpp"
#include "sampler/feasibility.hpp"
#include "sampler/tpe_model.hpp"

namespace stemma {
namespace {

constexpr double least_share = 1e-12;

class Constrained final : public TpeDensities {
public:
    explicit Constrained(std::vector<TpeConstraintPart> parts) : parts_(std::move(parts)) {
        ensure(!parts_.empty(), "a score has at least one part");
    }

    /// The terms of the score mix the parameters.
    std::optional<Configuration> by_parameter(Stream&) override { return std::nullopt; }
    Configuration draw(Stream& random) override { return parts_[next_++ % parts_.size()].densities->draw(random); }
    double score(const Configuration& configuration) override {
        double sum = 0;
        double log_feasible = 0;
        for (const auto& part : parts_) {
            const double term = constrained_term(part.densities->score(configuration), part.share);
            sum += term;
            if (part.constraint) log_feasible += std::log(std::max(part.share, least_share)) + term;
        }
        return sum - feasibility_penalty(log_feasible);
    }
    std::size_t parts() const override { return parts_.size(); }

private:
    std::vector<TpeConstraintPart> parts_;
    std::size_t next_ = 0;
};

}  // namespace

double constrained_term(double log_ratio, double share) {
    if (share >= 1) return 0;
    const double satisfied = std::log(std::max(share, least_share));
    const double violated = std::log(std::max(1 - share, least_share)) - log_ratio;
    const double larger = std::max(satisfied, violated);
    return -(larger + std::log1p(std::exp(std::min(satisfied, violated) - larger)));
}

std::unique_ptr<TpeDensities> constrained_densities(std::vector<TpeConstraintPart> parts) {
    return std::make_unique<Constrained>(std::move(parts));
}

}  // namespace stemma
