#include "sampler/registry/registry.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "sampler/gp/gp.hpp"
#include "sampler/grid.hpp"
#include "sampler/random.hpp"
#include "sampler/sobol.hpp"
#include "sampler/tpe.hpp"

namespace stemma {

const std::vector<SamplerDescriptor>& samplers() {
    static const std::vector<SamplerDescriptor> all = [] {
        std::vector<SamplerDescriptor> list;
        list.push_back(random_sampler_descriptor());
        list.push_back(grid_sampler_descriptor());
        list.push_back(sobol_sampler_descriptor());
        list.push_back(tpe_sampler_descriptor());
        list.push_back(gp_sampler_descriptor());
        return list;
    }();
    return all;
}

const SamplerDescriptor& sampler_named(std::string_view name) {
    const auto found = std::ranges::find(samplers(), name, &SamplerDescriptor::name);
    ensure(found != samplers().end(), "a sampler's name is one of the list");
    return *found;
}

}  // namespace stemma
