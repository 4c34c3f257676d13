using System.Collections.Immutable;
using Entrepot.Core.Faults;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Enforcement;

/// <summary>Ports of pools that are kept from outgoing connections. They follow the rules in force, however those came to be: applied,
/// taken back, or found so at the start.</summary>
public sealed partial class Enforcer
{
    private bool _reservationIsDue = true;
    private string? _reservedWithChange;
    private string? _reservationProblem;

    /// <summary>What is kept.</summary>
    public Task<ReservedReport> ReservedAsync(CancellationToken cancellation)
        => OneAtATimeAsync(() => Task.FromResult(new ReservedReport(WantedReservation, _reservationProblem)), cancellation);

    private PortSet WantedReservation => (_store.Pending?.Rules ?? _store.Applied)?.Reserved ?? PortSet.Empty;

    /// <summary>What reserving would change, in plain words.</summary>
    private async Task<ImmutableArray<string>> PlanReservationAsync(PortSet wanted, PortSet before, CancellationToken cancellation)
    {
        if (_reserved is null || (wanted.IsEmpty && before.IsEmpty))
            return [];
        try
        {
            var change = await _reserved.PlanAsync(wanted, cancellation);
            var lines = ImmutableArray.CreateBuilder<string>();
            if (!change.Added.IsEmpty)
                lines.Add($"Ports {change.Added} of pools are kept from outgoing connections.");
            if (!change.Removed.IsEmpty)
                lines.Add($"Ports {change.Removed} are free for outgoing connections again.");
            return lines.ToImmutable();
        }
        catch (FaultException error)
        {
            return [$"Ports {wanted} of pools can't be kept from outgoing connections. {error.Fault.Message}"];
        }
    }

    /// <summary>Brings the kernel's list in line with the rules in force. What failed is tried again with the next change and at the next
    /// start: the rules hold without it.</summary>
    private async Task KeepReservationAsync()
    {
        if (_reserved is null || (!_reservationIsDue && _store.Pending?.Id == _reservedWithChange))
            return;
        (_reservationIsDue, _reservedWithChange) = (false, _store.Pending?.Id);
        var wanted = WantedReservation;
        try
        {
            await _reserved.ReserveAsync(wanted);
            _reservationProblem = null;
        }
        catch (FaultException error)
        {
            _reservationProblem = wanted.IsEmpty ? null : $"Ports {wanted} of pools are not kept from outgoing connections. {error.Fault.Message}";
        }
    }
}
