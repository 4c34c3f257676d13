using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;
using Entrepot.Server.Configuration;

namespace Entrepot.Cli.Ports;

/// <summary>What can be said of a port where no node runs: who listens, and which rules speak about the number.</summary>
internal static class LocalExplanation
{
    public static async Task<PortExplanation> OfAsync(int port, PortProtocol protocol, TimeProvider time)
    {
        // A port book without a lease, for the time of one answer.
        using var scratch = new ScratchFile();
        await using var state = StateDatabase.Open(scratch.File, typeof(PortBook).Assembly);
        var explainer = new PortExplainer(new PortBook(state, PortPolicy.Default, time), new ListeningSockets(), Settings.Default.Node);
        var explanation = explainer.Explain(port, protocol);
        return explanation with { Notes = [.. explanation.Notes, "No node runs on the data folder: nothing is leased or declared."] };
    }
}
