#include "sampler/registry/registry.hpp"

#include "sampler/automatic/automatic.hpp"
#include "sampler/gp/gp.hpp"
#include "sampler/grid.hpp"
#include "sampler/random.hpp"
#include "sampler/sobol.hpp"
#include "sampler/tpe.hpp"

namespace stemma {

const std::vector<SamplerDescriptor>& samplers() {
    static const std::vector<SamplerDescriptor> all{
        automatic_sampler_descriptor(), random_sampler_descriptor(), grid_sampler_descriptor(),
        sobol_sampler_descriptor(),     tpe_sampler_descriptor(),    gp_sampler_descriptor(),
    };
    return all;
}

}  // namespace stemma
