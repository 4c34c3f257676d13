namespace Entrepot.Trust.Access;

/// <summary>By what a principal proved who it is.</summary>
public enum Proof
{
    /// <summary>By nothing.</summary>
    None,

    /// <summary>A token of this network.</summary>
    Token,

    /// <summary>A session that began with a sign-in.</summary>
    Session,

    /// <summary>A certificate of the network's authority.</summary>
    Certificate,
}

/// <summary>Who sends a request, as far as it is proven.</summary>
/// <param name="Name">As the journal names it, without an address: <c>token:NAME</c>, <c>user:NAME</c>, <c>oidc:NAME</c>, <c>node:NAME</c>; empty for nobody.</param>
/// <param name="Roles">What it is to the network.</param>
/// <param name="Proof">By what it is proven.</param>
public sealed record Principal(string Name, Role Roles, Proof Proof)
{
    /// <summary>Nobody in particular.</summary>
    public static Principal Nobody { get; } = new("", Role.None, Proof.None);

    /// <summary>The only mirrors that it may push to and whose private content it may read; empty for all.</summary>
    public IReadOnlySet<string> Mirrors { get; init; } = new HashSet<string>();

    /// <summary>A machine of the network.</summary>
    /// <param name="node">Its name.</param>
    /// <param name="audits">True for the audit service, which reads what auditors read.</param>
    public static Principal Node(string node, bool audits = false) => new($"node:{node}", audits ? Role.Node | Role.Auditor : Role.Node, Proof.Certificate);

    /// <summary>True when a mirror is among those that it is for.</summary>
    public bool IsFor(string mirror) => Mirrors.Count == 0 || Mirrors.Contains(mirror);
}
