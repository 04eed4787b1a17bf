# shellcheck shell=bash
# A fresh system and its start: systemd as process 1 of namespaces of its own, with a network that leads
# nowhere. To be sourced by what says `root=DIRECTORY`. Nothing of the machine is touched but a control group.

# Unpacks a fresh system into $root; made once for each suite, since it comes from a mirror.
make_system() { # suite, mirror
    local suite=$1 mirror=$2 kept
    kept=target/package-test/$suite.tar
    if [ ! -f "$kept" ]; then
        echo "making a fresh $suite from the mirror"
        mkdir -p target/package-test
        local made
        made=$(mktemp -d)
        # Or nobody but root could read anything of the system that is made of it.
        chmod 755 "$made"
        debootstrap --variant=minbase \
            --include=systemd,systemd-sysv,dbus,debconf,init-system-helpers,ca-certificates,curl \
            "$suite" "$made" "$mirror" >"target/package-test/$suite.log" 2>&1 ||
            fails "debootstrap; see target/package-test/$suite.log"
        tar -C "$made" --one-file-system -cf "$kept.new" .
        mv "$kept.new" "$kept"
        rm -rf --one-file-system "$made"
    fi
    tar -C "$root" -xf "$kept"
}

# The mirror that this machine's own packages come from.
own_mirror() { # suite
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        awk -v suite="$1" '$2 == suite && $3 == "main" { print $1; exit }'
}

# Starts systemd in $root; its process is $system. Fails where the kernel or a container does not let it.
boot() {
    local groups
    groups=$(findmnt -t cgroup2 -no TARGET | head -n 1)
    [ -n "$groups" ] || return 1
    group=$groups/appliance-package-test-$$
    mkdir "$group" || return 1
    # The control group first, so that it is the root of those inside.
    (echo "$BASHPID" >"$group/cgroup.procs" &&
        exec unshare --mount --pid --fork --kill-child --uts --ipc --net --cgroup \
            bash -euc '
                mount --make-rprivate /
                mount --bind "$0" "$0"
                mount -t proc proc "$0/proc"
                mount -t sysfs -o ro sysfs "$0/sys"
                mount -t cgroup2 cgroup2 "$0/sys/fs/cgroup"
                mount -t tmpfs -o mode=755 tmpfs "$0/run"
                mount -t devtmpfs devtmpfs "$0/dev"
                ip link set lo up
                # Not chroot: whoever is in one may not make the user namespace of PrivateUsers=.
                mkdir "$0/outside"
                cd "$0"
                pivot_root . outside
                exec env -i container=appliance-test PATH=/usr/sbin:/usr/bin sh -euc \
                    "umount -l /outside; exec /lib/systemd/systemd"
            ' "$root") >"$root.log" 2>&1 </dev/null &
    keeper=$!
    for _ in $(seq 100); do
        sleep 0.2
        system=$(pgrep -P "$keeper" -x systemd) || continue
        case $(inside systemctl is-system-running 2>/dev/null) in
            running | degraded) return 0 ;;
        esac
    done
    return 1
}

# Stops it, with all that runs in it.
halt() {
    [ -z "${system:-}" ] || kill -s RTMIN+4 "$system" 2>/dev/null || true
    for _ in $(seq 50); do
        [ -n "${keeper:-}" ] && kill -0 "$keeper" 2>/dev/null || break
        sleep 0.2
    done
    [ -z "${keeper:-}" ] || kill "$keeper" 2>/dev/null || true
    [ -z "${group:-}" ] || find "$group" -depth -type d -exec rmdir {} \; 2>/dev/null || true
}

# Runs a command in the system.
inside() {
    if [ -n "${system:-}" ]; then
        nsenter -t "$system" -m -u -i -n -p -C -r -w \
            env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"
    else
        unshare --mount bash -c 'mount -t proc proc "$0/proc"; exec chroot "$0" "$@"' "$root" \
            env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"
    fi
}
