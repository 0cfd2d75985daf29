#include <cstdio>

#include "commands.hpp"

namespace stemma::gpu {

int continuation(const Request& request) {
    std::vector<std::string> variants{""};
    variants.insert(variants.end(), request.variants.begin(), request.variants.end());
    for (const auto& variant : variants) {
        auto member = training(request, variant);
        const auto whole = member.train(0, request.to), again = member.train(0, request.to);
        const auto half = member.train(0, request.from);
        const auto rest = member.train(request.from, request.to, &half.snapshot);
        const bool equal =
            test::equal_content(whole.snapshot, again.snapshot) && test::equal_content(whole.snapshot, rest.snapshot);
        std::printf("%s %s\n", variant.empty() ? "plain" : variant.c_str(), equal ? "equal" : "differs");
    }
    return 0;
}

}  // namespace stemma::gpu
