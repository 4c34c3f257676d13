using System.CommandLine;
using Entrepot.Core.Faults;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Truth;
using Entrepot.Server.RemoteHosts;

namespace Entrepot.Cli.Ports;

/// <summary>Whose ports are looked at: a running node's, this machine's when no node runs, or another host's by SSH.</summary>
internal sealed class StatusOptions
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);

    private readonly Option<string?> _host = new("--host") { Description = "Another host without an agent, asked by SSH what listens there", HelpName = "ssh://USER@HOST" };
    private readonly Option<string?> _key = new("--key") { Description = "Private key to log in with [default: ~/.ssh/id_ed25519, id_ecdsa, id_rsa]", HelpName = "FILE" };
    private readonly Option<string?> _known = new("--known-hosts") { Description = "Keys of hosts; one that is not in it is not logged in to [default: ~/.ssh/known_hosts]", HelpName = "FILE" };

    /// <summary>Why two truths are missing where no node runs.</summary>
    private const string Unknown = "permitted and reachable are not known: they take a running node, its agent and another node.";

    public void AddTo(Command command)
    {
        command.Add(_host);
        command.Add(_key);
        command.Add(_known);
    }

    /// <summary>Looks once.</summary>
    /// <returns>The status, and true when a node told it: then undeclared ports are worth a finding.</returns>
    public async Task<(StatusDocument Status, bool Declared)> ReadAsync(CommandContext context, CancellationToken cancellation)
    {
        if (context.Get(_host) is { } host)
            return (await RemoteAsync(context, SshAddress.Parse(host), cancellation), false);
        try
        {
            var client = await context.ConnectAsync(cancellation);
            return (await client.GetPortStatusAsync(cancellation), true);
        }
        catch (FaultException error) when (error.Fault.Is(CliFault.NoNetwork))
        {
            return (Local(context), false);
        }
    }

    private static StatusDocument Local(CommandContext context)
    {
        var inventory = new ListeningSockets();
        var at = context.Environment.Time.GetUtcNow();
        var rows = TruthTable.Join(new TruthSources { Sockets = inventory.Survey() });
        var notes = new List<string> { "No node runs on the data folder: nothing is declared, and this is what the machine itself shows.", Unknown };
        if (rows.Any(static row => row.Listeners.Any(static listener => listener.Processes == 0)))
            notes.Add("Some owners can't be seen by this user; root sees them.");
        return new StatusDocument(Environment.MachineName, at, rows, notes, PortRangeNote.Of([], inventory.EphemeralRange()));
    }

    private async Task<StatusDocument> RemoteAsync(CommandContext context, SshAddress address, CancellationToken cancellation)
    {
        var options = SshOptions.OfHome(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile)) with { Deadline = Deadline };
        if (context.Get(_key) is { } key)
            options = options with { KeyFiles = [key] };
        if (context.Get(_known) is { } known)
            options = options with { KnownHostsFile = known };
        var at = context.Environment.Time.GetUtcNow();
        var rows = TruthTable.Join(new TruthSources { Sockets = await SshHost.ListenersAsync(address, options, cancellation) });
        return new StatusDocument(
            address.Host, at, rows, ["Asked by SSH: what listens there, as the login may see it."],
            [.. PortRangeNote.Of([], EphemeralRange.LinuxDefault).Where(static range => range.Kind != PortRangeKind.Ephemeral)]);
    }
}
