namespace Entrepot.Trust.Access;

/// <summary>What somebody is to the network. A principal may have several; what each may do is in one table.</summary>
[Flags]
public enum Role
{
    /// <summary>Nobody in particular: what is public.</summary>
    None = 0,

    /// <summary>Reads what the network tells about itself.</summary>
    Viewer = 1 << 0,

    /// <summary>Pushes to mirrors.</summary>
    Publisher = 1 << 1,

    /// <summary>Runs the network: mirrors, nodes, findings, changes it proposes.</summary>
    Operator = 1 << 2,

    /// <summary>Approves what others propose.</summary>
    Approver = 1 << 3,

    /// <summary>Reads the journal and proves it; changes nothing.</summary>
    Auditor = 1 << 4,

    /// <summary>Decides who may do what: accounts, tokens, nodes, keys.</summary>
    Admin = 1 << 5,

    /// <summary>A machine of the network, proven by its certificate; never given to people or tokens.</summary>
    Node = 1 << 6,
}
