#include "space/wide.hpp"

namespace stemma {

bool spans_decades(const Real& real) {
    return real.scale == Scale::linear && !real.step && real.low > 0 && real.high >= wide_ratio * real.low;
}

std::shared_ptr<const SearchSpace> with_model_scales(const std::shared_ptr<const SearchSpace>& space) {
    auto parameters = std::vector<Parameter>(space->parameters().begin(), space->parameters().end());
    bool any = false;
    for (auto& parameter : parameters) {
        auto* real = std::get_if<Real>(&parameter.domain);
        if (real == nullptr || !spans_decades(*real)) continue;
        real->scale = Scale::mixed;
        any = true;
    }
    if (!any) return space;
    return std::make_shared<const SearchSpace>(
        std::move(parameters), std::vector<Forbidden>(space->forbidden().begin(), space->forbidden().end()));
}

}  // namespace stemma
