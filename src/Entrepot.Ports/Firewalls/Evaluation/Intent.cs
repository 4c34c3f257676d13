namespace Entrepot.Ports.Firewalls.Evaluation;

/// <summary>What declarations want done with a packet.</summary>
public enum Intent
{
    /// <summary>It must get through.</summary>
    Accept,

    /// <summary>It must get through as long as its door's limits are not reached.</summary>
    Limit,

    /// <summary>Either will do: it has no business there, but whoever sends it may come in.</summary>
    Either,

    /// <summary>It must not get through.</summary>
    Drop,

    /// <summary>It is not ours to decide: whatever other rules on the machine say.</summary>
    Leave,
}

/// <summary>What declarations want done with a packet, and why.</summary>
/// <param name="Intent">What.</param>
/// <param name="Reason">Which door, opening or part of the floor says so.</param>
public sealed record IntentVerdict(Intent Intent, string Reason);
