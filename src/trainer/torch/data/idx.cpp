#include "trainer/torch/data/idx.hpp"

#include <zlib.h>

#include <array>
#include <memory>

#include "core/error.hpp"

namespace stemma {
namespace {

constexpr std::int64_t bytes_max = std::int64_t{1} << 32U;  // a header that asks for more is damaged

class GzipFile {
public:
    explicit GzipFile(const std::string& name) : name_(name), file_(gzopen(name.c_str(), "rb"), gzclose) {
        if (!file_) fail("cannot be opened");
    }
    /// Fills the block whole.
    void read(std::uint8_t* block, std::size_t size) {
        constexpr std::size_t chunk_max = std::size_t{1} << 30U;
        while (size > 0) {
            const auto got = gzread(file_.get(), block, static_cast<unsigned>(std::min(size, chunk_max)));
            if (got <= 0) fail("is cut short or damaged");
            block += got;
            size -= static_cast<std::size_t>(got);
        }
    }
    void expect_end() {
        std::uint8_t more = 0;
        int error = Z_OK;
        if (gzread(file_.get(), &more, 1) > 0) fail("is longer than its header says");
        gzerror(file_.get(), &error);  // a stream without its end or with a wrong checksum
        if (error != Z_OK) fail("is cut short or damaged");
    }
    [[noreturn]] void fail(const std::string& what) const {
        throw UserError("data file " + name_ + " " + what + "; install it anew");
    }

private:
    std::string name_;
    std::unique_ptr<gzFile_s, int (*)(gzFile)> file_;
};

std::uint32_t read_u32(GzipFile& file) {
    std::array<std::uint8_t, 4> bytes{};
    file.read(bytes.data(), bytes.size());
    std::uint32_t value = 0;
    for (const auto byte : bytes) value = (value << 8U) | byte;
    return value;
}

}  // namespace

IdxArray read_idx(const std::string& name, std::size_t dimensions) {
    constexpr std::uint32_t unsigned_bytes = 0x0800;
    GzipFile file(name);
    if (read_u32(file) != (unsigned_bytes | dimensions)) {
        file.fail("is no IDX file of bytes with " + std::to_string(dimensions) + " dimensions (wrong magic number)");
    }
    IdxArray array;
    std::int64_t size = 1;
    for (std::size_t dimension = 0; dimension < dimensions; ++dimension) {
        array.shape.push_back(read_u32(file));
        if (array.shape.back() == 0 || array.shape.back() > bytes_max / size)
            file.fail("has an impossible size in its header");
        size *= array.shape.back();
    }
    array.bytes.resize(static_cast<std::size_t>(size));
    file.read(array.bytes.data(), array.bytes.size());
    file.expect_end();
    return array;
}

}  // namespace stemma
