#include "sampler/product_kernels.hpp"

namespace stemma {
namespace {

class Multivariate final : public TpeDensities {
public:
    explicit Multivariate(const TpeModel& model)
        : space_(model.space), good_(model, model.good), bad_(model, model.bad) {}

    std::optional<Configuration> by_parameter(Stream&) override { return std::nullopt; }
    Configuration draw(Stream& random) override { return good_.draw(random); }
    double score(const Configuration& configuration) override {
        const auto unit = space_.to_unit(configuration);
        return good_.log_density(configuration, unit) - bad_.log_density(configuration, unit);
    }

private:
    const SearchSpace& space_;
    ProductKernels good_, bad_;
};

}  // namespace

std::unique_ptr<TpeDensities> multivariate_densities(const TpeModel& model) {
    return std::make_unique<Multivariate>(model);
}

}  // namespace stemma
