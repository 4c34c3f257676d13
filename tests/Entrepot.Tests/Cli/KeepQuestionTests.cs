using Entrepot.Cli;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Cli;

public sealed class KeepQuestionTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly StringWriter _error = new();

    [Theory]
    [InlineData("y\n", true)]
    [InlineData("YES\n", true)]
    [InlineData("n\n", false)]
    [InlineData("\n", false)]
    [InlineData("", null)]
    public async Task Only_yes_keeps_the_change_and_a_broken_input_leaves_it_to_the_deadline(string typed, bool? expected)
        => (await AskAsync(new StringReader(typed))).ShouldBe(expected);

    [Fact]
    public async Task Time_is_counted_down_and_no_answer_is_none()
    {
        using var silent = new Silent();
        var asked = AskAsync(silent);
        for (var second = 0; second < 100 && !asked.IsCompleted; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        (await asked).ShouldBeNull();
        _error.ToString().ShouldContain("Keep it? [y/N] It is taken back in 3 s.");
    }

    private Task<bool?> AskAsync(TextReader input) => KeepQuestion.AskAsync(
        new CliEnvironment { Output = TextWriter.Null, Error = _error, Input = input, StateFolder = "", Time = _time },
        _time.GetUtcNow().AddSeconds(3), TestContext.Current.CancellationToken);

    /// <summary>Somebody who sits there and types nothing.</summary>
    private sealed class Silent : TextReader
    {
        private readonly ManualResetEventSlim _end = new();

        public override string? ReadLine()
        {
            _end.Wait();
            return null;
        }

        protected override void Dispose(bool disposing)
        {
            _end.Set();
            base.Dispose(disposing);
        }
    }
}
