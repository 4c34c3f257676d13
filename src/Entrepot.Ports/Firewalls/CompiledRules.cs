using System.Collections.Immutable;
using Entrepot.Core.Faults;

namespace Entrepot.Ports.Firewalls;

/// <summary>What the compiler made of a declaration.</summary>
/// <param name="Model">The rules, or null when there are <paramref name="Faults"/>.</param>
/// <param name="Faults">Every reason why there are no rules.</param>
/// <param name="Remarks">What a person should know though it is no error: declarations that ended.</param>
public sealed record CompiledRules(RuleModel? Model, ImmutableArray<Fault> Faults, ImmutableArray<string> Remarks)
{
    /// <summary>Every reason as one fault; only where there are reasons.</summary>
    public Fault Fault => Faults.Length == 1 ? Faults[0] : Faults[0] with
    {
        Message = string.Join('\n', Faults.Select(static fault => fault.Message)),
        Cure = string.Join('\n', Faults.Select(static fault => fault.Cure).Where(static cure => cure is not null).Distinct(StringComparer.Ordinal)),
    };

    /// <summary>The rules.</summary>
    /// <exception cref="FaultException">There are none; the message tells every reason.</exception>
    public RuleModel Require() => Model ?? throw Fault.ToException();
}
