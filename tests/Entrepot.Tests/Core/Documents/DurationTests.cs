using Entrepot.Core.Documents;
using CsCheck;

namespace Entrepot.Tests.Core.Documents;

public sealed class DurationTests
{
    [Theory]
    [InlineData("500ms", 500)]
    [InlineData("5s", 5_000)]
    [InlineData("1m30s", 90_000)]
    [InlineData("24h", 86_400_000)]
    [InlineData("7d", 604_800_000)]
    [InlineData("1d2h3m4s5ms", 93_784_005)]
    [InlineData("0s", 0)]
    public void Durations_are_read(string text, long milliseconds)
    {
        Duration.TryParse(text, out var span).ShouldBeTrue();
        span.ShouldBe(TimeSpan.FromMilliseconds(milliseconds));
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("-5s")]
    [InlineData("1.5h")]
    [InlineData("5 s")]
    [InlineData("5S")]
    [InlineData("30m1h")]
    [InlineData("1s1s")]
    [InlineData("10001d")]
    [InlineData("9999999999999999d")]
    [InlineData("00:05:00")]
    public void Everything_else_is_refused(string text) => Duration.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void What_is_written_is_read_back_exactly()
        => Gen.Long[0, 863_999_999_999].Sample(milliseconds =>
            Duration.TryParse(Duration.Format(TimeSpan.FromMilliseconds(milliseconds)), out var read)
                && read == TimeSpan.FromMilliseconds(milliseconds));
}
