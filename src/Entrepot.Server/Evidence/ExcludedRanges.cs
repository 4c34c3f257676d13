using System.Collections.Frozen;
using System.ComponentModel;
using System.Runtime.Versioning;
using Entrepot.Core.Kernel;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;

namespace Entrepot.Server.Evidence;

/// <summary>The ranges that Windows keeps for itself, asked of netsh now and then, as they move when virtual networks come and go. Tested
/// on text of its documented form; never run on a Windows host. Elsewhere nothing is asked, and nothing is excluded.</summary>
internal sealed class ExcludedRanges(TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly PortProtocol[] Asked = [PortProtocol.Tcp, PortProtocol.Udp];

    private volatile FrozenDictionary<PortProtocol, PortSet> _ranges = FrozenDictionary<PortProtocol, PortSet>.Empty;

    /// <summary>The ranges as they were last told; empty before that.</summary>
    public PortSet Of(PortProtocol protocol) => _ranges.GetValueOrDefault(protocol, PortSet.Empty);

    /// <summary>Asks until cancelled; ends at once where there is nothing to ask.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        if (!OperatingSystem.IsWindows())
            return;
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            await AskAsync(cancellation);
        }
        while (await timer.WaitForNextTickAsync(cancellation));
    }

    [SupportedOSPlatform("windows")]
    private async Task AskAsync(CancellationToken cancellation)
    {
        if (ExternalProgram.Find("netsh.exe") is not { } program)
            return;
        var ranges = new Dictionary<PortProtocol, PortSet>(_ranges);
        foreach (var protocol in Asked)
        {
            try
            {
                var answer = await ExternalProgram.RunAsync(
                    program, ["int", "ipv4", "show", "excludedportrange", $"protocol={protocol.Name()}"], "", Patience, cancellation);
                if (answer.ExitCode == 0 && ExcludedPorts.TryParse(answer.Output, out var ports))
                    ranges[protocol] = ports;
            }
            catch (Exception error) when (error is TimeoutException or InvalidDataException or Win32Exception)
            {
                // What was told last stands; a bind that Windows refuses is met by the binder all the same.
            }
        }

        _ranges = ranges.ToFrozenDictionary();
    }
}
