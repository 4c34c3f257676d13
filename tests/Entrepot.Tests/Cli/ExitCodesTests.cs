using Entrepot.Cli;
using Entrepot.Core.Faults;
using Entrepot.Tests.Server.Configuration;

namespace Entrepot.Tests.Cli;

public sealed class ExitCodesTests
{
    [Fact]
    public void Every_kind_of_fault_has_its_own_code()
    {
        var codes = Enum.GetValues<FaultKind>().Select(ExitCodes.Of).ToList();

        codes.ShouldBeUnique();
        codes.ShouldAllBe(code => code > 1 && code < 126);
    }

    [Fact]
    public void The_codes_are_frozen()
        => Enum.GetValues<FaultKind>().Select(kind => $"{kind} {ExitCodes.Of(kind)}").ShouldBe(
        [
            "Invalid 2", "NotFound 3", "Conflict 4", "PreconditionFailed 5", "Mismatch 6", "TooLarge 7", "Exhausted 8", "Forbidden 9", "Unavailable 10",
            "Unsupported 11", "Internal 70",
        ]);

    [Fact]
    public void The_reference_lists_every_code()
    {
        var page = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "docs", "reference", "exit-codes.md"));
        foreach (var kind in Enum.GetValues<FaultKind>())
            page.ShouldContain($"| {ExitCodes.Of(kind)} | {kind} |");
        foreach (var code in new[] { ExitCodes.Done, ExitCodes.Negative, ExitCodes.Interrupted })
            page.ShouldContain($"| {code} | ");
    }
}
