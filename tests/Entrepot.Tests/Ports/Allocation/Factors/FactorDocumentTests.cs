using Entrepot.Ports.Allocation.Factors;
using Entrepot.Ports.Declarations;

namespace Entrepot.Tests.Ports.Allocation.Factors;

public sealed class FactorDocumentTests
{
    [Fact]
    public void The_reference_lists_every_weight_with_its_reason()
    {
        var text = File.ReadAllText(Path.Combine(Root(), "docs", "reference", "port-decisions.md"));
        foreach (var factor in PortFactors.All)
        {
            var cells = Enum.GetValues<PolicyProfile>().Select(profile => FactorProfile.Of(profile)[factor]).Select(static weight => $"**{weight.Weight}** {weight.Why}");
            text.ShouldContain($"| {(int)factor} {factor.Name()} | {string.Join(" | ", cells)} |");
        }
    }

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Entrepot.slnx")))
            folder = Path.GetDirectoryName(folder)!;
        return folder;
    }
}
