# uname, id, date, uptime, free, df, mount and the like: what is the same
# everywhere, or the form of what is not.
echo "--- identity"
id; id -u; id -un; id -g; id -Gn; whoami; logname 2>/dev/null; groups; id nosuchuser 2>/dev/null; echo $?
echo "--- uname"
uname -s; uname -m; uname -o; uname -r | grep -c '^[0-9][0-9]*\.[0-9]'; [ "$(uname -n)" = "$(hostname)" ] && echo same-name; uname -a | grep -c '^Linux '; arch
echo "--- dates"
date -u -d @0; date -u -d @1000000000 '+%Y-%m-%d %H:%M:%S %a %b %j %u'; date -u -d '2024-02-29 12:00' +%s; date +%s | grep -c '^[0-9]*$'; [ $(date +%s) -gt 1000000000 ] && echo plausible; cal 2 2024; date -d nonsense 2>/dev/null; echo $?
a=$(date +%s); sleep 1; b=$(date +%s); [ $((b - a)) -ge 1 ] && [ $((b - a)) -le 3 ] && echo "a second passed"
echo "--- load and memory"
uptime | grep -c 'load average: [0-9.]*, [0-9.]*, [0-9.]*$'; free | awk '/^Mem:/ {print ($2 > 0 && $2 >= $3) ? "memory" : "nonsense"}'; free -m | head -1 | tr -s ' '; free | awk '/^Mem:/ {print NF}'
cut -d' ' -f1 /proc/uptime | grep -c '^[0-9]*\.[0-9][0-9]$'; awk '{print NF}' /proc/loadavg; awk '/^(MemTotal|MemFree|Cached|Buffers|SwapTotal):/ {print $1, $3}' /proc/meminfo; awk '{print ($1 > 0)}' /proc/uptime
echo "--- mounts"
mount | grep -c ' on /proc type proc '; grep -c '^[^ ]* /proc proc ' /proc/mounts; df . | awk 'NR == 2 {print (NF >= 5)}'; df -h / | head -1 | tr -s ' ' | cut -d' ' -f1-2; df /nosuch 2>/dev/null; echo $?; stat -f -c '%T %l' /proc; mount | awk 'NF < 6' | wc -l
mkdir m; mount -t tmpfs none m && echo mounted; touch m/x; ls m; grep -c ' .*/m tmpfs ' /proc/mounts; umount m && echo unmounted; ls m; umount m 2>/dev/null; echo $?; mount -t nosuchfs none m 2>/dev/null; [ $? != 0 ] && echo refused; rmdir m
echo "--- du"
mkdir d; head -c 10000 /dev/zero >d/f; [ $(du -s d | cut -f1) -ge 10 ] && echo du; du -a d | wc -l
echo "--- terminal"
tty; echo $?; tty -s; echo $?; stty 2>/dev/null; echo $?; [ -t 0 ] || echo no-terminal; test -t 1; echo $?
echo "--- /proc"
cat /proc/version | grep -c '^Linux version '; grep -c '^cpu ' /proc/stat; grep -c '^btime [0-9]*$' /proc/stat; grep -c '^processes [0-9]*$' /proc/stat; grep -c '^processor' /proc/cpuinfo | grep -c '^[1-9]'; [ $(grep -c '^processor' /proc/cpuinfo) = $(nproc) ] && echo cpus; grep -c 'nodev.proc$' /proc/filesystems; [ -n "$(cat /proc/cmdline)" ] && echo cmdline
cat /proc/sys/kernel/ostype; grep -c . /proc/sys/kernel/osrelease; cat /proc/sys/kernel/hostname | grep -c .; [ $(cat /proc/sys/kernel/pid_max) -ge 301 ] && echo pid_max; sysctl -n kernel.ostype; ls /proc | grep -c '^1$'; ls /proc/self/task | wc -l
cat /proc/self/comm; cat /proc/self/cmdline | tr '\0' ' '; echo; readlink /proc/self/cwd | grep -c work; readlink /proc/self/fd/0; cat /proc/self/environ | tr '\0' '\n' | grep ^HOME; grep -c '\[stack\]' /proc/self/maps; grep -c '\[heap\]' /proc/self/maps; wc -w </proc/self/statm; awk '/^(Name|State|Uid|Threads|Umask):/' /proc/self/status | tr -s '\t' ' '; cat /proc/self/limits | grep -c 'Max open files'; readlink /proc/self/root
