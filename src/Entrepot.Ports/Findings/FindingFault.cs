namespace Entrepot.Ports.Findings;

/// <summary>Why a finding can't be marked.</summary>
public enum FindingFault
{
    /// <summary>There is no finding with this number.</summary>
    NotFound,

    /// <summary>It is resolved; only an observation can reopen it.</summary>
    Resolved,

    /// <summary>The note is too long.</summary>
    Note,
}
