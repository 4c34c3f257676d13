using Entrepot.Cli;
using Entrepot.Cli.Rendering;
using Entrepot.Trust.Accounts;

namespace Entrepot.Tests.Cli;

/// <summary>A code for a camera, where a camera can see it.</summary>
public sealed class TerminalQrTests
{
    private static readonly string Link = SecondFactor.LinkOf(new byte[SecondFactor.KeyBytes], "Entrepot", "me");

    [Fact]
    public void It_has_the_marks_by_which_readers_find_it_and_room_around()
    {
        var lines = TerminalQr.Draw(Link);
        var size = lines[0].Length;
        size.ShouldBeLessThan(80);
        lines.ShouldAllBe(line => line.Length == size);
        // Version 1 has 21 modules, each version four more; four light ones are around (ISO/IEC 18004 §5.3).
        ((size - 8 - 21) % 4).ShouldBe(0);
        bool IsDark(int x, int y) => lines[y / 2][x] is '█' || lines[y / 2][x] == (y % 2 == 0 ? '▀' : '▄');
        var edge = size - 1;
        for (var i = 0; i < size; i++)
        {
            for (var quiet = 0; quiet < 4; quiet++)
                (IsDark(i, quiet) || IsDark(quiet, i) || IsDark(edge - quiet, i) || IsDark(i, edge - quiet)).ShouldBeFalse();
        }

        foreach (var (left, top) in new[] { (4, 4), (size - 11, 4), (4, size - 11) })
        {
            for (var x = 0; x < 7; x++)
            {
                for (var y = 0; y < 7; y++)
                    IsDark(left + x, top + y).ShouldBe(Math.Max(Math.Abs(x - 3), Math.Abs(y - 3)) != 2, $"{left + x},{top + y}");
            }
        }
    }

    [Theory]
    [InlineData(true, 100, "", true)]
    [InlineData(false, 100, "", false)]
    [InlineData(true, 40, "", false)]
    [InlineData(true, 100, "1", false)]
    public void It_is_shown_on_terminals_with_room_and_colours_only(bool isTerminal, int width, string noColour, bool expected)
    {
        using var error = new StringWriter();
        var environment = new CliEnvironment
        {
            Output = TextWriter.Null, Error = error, Input = TextReader.Null, StateFolder = "", ErrorIsTerminal = isTerminal, Width = width, Variable = name => name == "NO_COLOR" ? noColour : null,
        };
        TerminalQr.Show(environment, Link).ShouldBe(expected);
        error.ToString().Contains('█', StringComparison.Ordinal).ShouldBe(expected);
    }
}
