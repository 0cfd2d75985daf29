// What tests/gpu/check.sh asks of a device:
//   gpu_probe COMMAND [--device cuda] [--model lenet] [--variant wd_lr_m]... [--batch 32] ...     (trainings.hpp)
#include <cstdio>
#include <cstdlib>
#include <map>

#include "commands.hpp"
#include "trainer/torch/device.hpp"

namespace {

using namespace stemma::gpu;

bool read_request(int count, char** words, Request& request) {
    if (count < 2 || count % 2 != 0) return false;
    request.command = words[1];
    const std::map<std::string, std::string*> texts{
        {"--device", &request.device}, {"--model", &request.model}, {"--fashion-mnist", &request.fashion_mnist}};
    const std::map<std::string, std::int64_t*> numbers{
        {"--batch", &request.batch},   {"--sequence", &request.sequence},  {"--width", &request.width},
        {"--layers", &request.layers}, {"--from", &request.from},          {"--to", &request.to},
        {"--rounds", &request.rounds}, {"--megabytes", &request.megabytes}};
    for (int i = 2; i < count; i += 2) {
        const std::string option = words[i];
        if (const auto text = texts.find(option); text != texts.end()) {
            *text->second = words[i + 1];
        } else if (const auto number = numbers.find(option); number != numbers.end()) {
            *number->second = std::atoll(words[i + 1]);
        } else if (option == "--variant") {
            request.variants.emplace_back(words[i + 1]);
        } else {
            return false;
        }
    }
    return true;
}

}  // namespace

int main(int count, char** words) {
    const std::map<std::string, int (*)(const Request&)> commands{
        {"steps", steps},        {"continuation", continuation}, {"assertion", failed_assertion},
        {"memory", full_memory}, {"snapshots", snapshots},       {"members", member_memory},
    };
    Request request;
    if (!read_request(count, words, request) || !commands.contains(request.command)) {
        std::fprintf(stderr, "gpu_probe COMMAND [--OPTION VALUE]...: see tests/gpu/probe/trainings.hpp\n");
        return 2;
    }
    try {
        request.device = stemma::checked_device(request.device).str();
        return commands.at(request.command)(request);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
