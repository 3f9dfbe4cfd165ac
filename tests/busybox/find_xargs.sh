# find with its predicates and actions; xargs.
mkdir -p top/a/b top/c; echo 1 >top/f1; echo 22 >top/a/f2; : >top/a/b/empty; ln -s f1 top/link; mkfifo top/c/pipe; chmod 600 top/f1; head -c 5000 /dev/zero >top/c/large
touch -d '2001-01-01' top/a/old; chmod 755 top/a/old
echo "--- tests"
find top | sort; find top -type f | sort; find top -type d | sort; find top -type l; find top -type p; find top -name 'f*' | sort; find top -iname 'F1'
find top -empty | sort; find top -size +4k; find top -size -2c -type f | sort; find top -perm 600; find top -perm -100 -type f; find top -mtime +1000; find top -newer top/a/old -name f1
find top -maxdepth 1 | sort; find top -mindepth 2 -type f | sort; find top -path '*/a/*' | sort; find top ! -name '*f*' -type f | sort; find top \( -name f1 -o -name f2 \) | sort; find top -user 0 | wc -l; find top -links 1 -name f1
find top -name a -prune -o -type f -print | sort; find top -samefile top/f1; find top -regex '.*/f[0-9]' | sort
echo "--- actions"
find top -name 'f?' -exec echo found {} \; | sort; find top -type f -exec wc -c {} + | tail -1 | tr -s ' '; find top -name f1 -print0 | tr '\0' '\n'; find top -type f -print0 | xargs -0 cat | wc -c
find top -name b -depth | sort; find top -name '*.none' -quit; find nosuch 2>/dev/null; echo $?; find top -follow -name link
find top -type f | sort | xargs ls -1; find top -type f | xargs -n 1 basename | sort; find . -type f -size +100c | xargs rm; find . -name large | wc -l
find top -name f2 -exec sh -c 'echo "in shell: $1"' x {} \;; find top/a -exec false {} \;; echo $?
echo "--- many"
mkdir many; i=0; while [ $i -lt 200 ]; do echo $i >many/$i; i=$((i + 1)); done; find many -type f | wc -l; find many -type f | xargs cat | sort -n | tail -1; find many -type f -exec cat {} + | awk '{s+=$1} END{print s}'
find many -name '1?' | xargs rm; ls many | wc -l; find many -type f -print0 | xargs -0 -n 20 sh -c 'echo $#' x | tail -1; find many -type f | xargs rm -f; ls many | wc -l
