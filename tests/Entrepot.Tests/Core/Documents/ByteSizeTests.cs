using Entrepot.Core.Documents;
using CsCheck;

namespace Entrepot.Tests.Core.Documents;

public sealed class ByteSizeTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("4096", 4096)]
    [InlineData("10GiB", 10L << 30)]
    [InlineData("10 GiB", 10L << 30)]
    [InlineData("10gib", 10L << 30)]
    [InlineData("10GB", 10_000_000_000)]
    [InlineData("1.5MiB", 3 << 19)]
    [InlineData("0.5kB", 500)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("8191PiB", 8191L << 50)]
    public void Sizes_are_read(string text, long bytes)
    {
        ByteSize.TryParse(text, out var read).ShouldBeTrue();
        read.ShouldBe(bytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("GiB")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("1.5")]
    [InlineData("1.")]
    [InlineData(".5MiB")]
    [InlineData("1,5MiB")]
    [InlineData("1e3")]
    [InlineData("0x10")]
    [InlineData("1GiBs")]
    [InlineData("10 apples")]
    [InlineData("9223372036854775808")]
    [InlineData("8192PiB")]
    [InlineData("99999999999999999999999999999999999")]
    [InlineData("١٢")]
    public void Everything_else_is_refused(string text) => ByteSize.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void What_is_written_is_read_back_exactly()
        => Gen.Long[0, long.MaxValue].Sample(bytes => ByteSize.TryParse(ByteSize.Format(bytes), out var read) && read == bytes);

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(10L << 30, "10.0 GiB")]
    public void Tables_get_a_rounded_form(long bytes, string text) => ByteSize.Humanize(bytes).ShouldBe(text);
}
